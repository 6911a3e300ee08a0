-- +goose Up
alter table users add column role text not null default 'member';
alter table users add column disabled_at timestamptz;
alter table users add column email_verified_at timestamptz;

-- The one row of this installation. Whoever claims it becomes its first admin.
create table installation (
    id               integer primary key,
    admin_claimed_at timestamptz
);
insert into installation (id, admin_claimed_at) select 1, (select min(created_at) from users);
update users set role = 'admin' where id = (select id from users order by created_at, id limit 1);

-- +goose Down
drop table installation;
alter table users drop column email_verified_at;
alter table users drop column disabled_at;
alter table users drop column role;
