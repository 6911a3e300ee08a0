package reference

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calculate"
)

// reader walks through a result in the order in which it prints.
type reader struct {
	figures *Figures
	missing []string
}

// scope is what a value's surroundings say of it.
type scope struct {
	subject, period string
	labels          []string
	asOf            time.Time
	texts           map[string]string // printed texts of the structs around, by name, the inner ones first
}

var (
	decimalType = reflect.TypeFor[decimal.Decimal]()
	timeType    = reflect.TypeFor[time.Time]()
)

func valueOf(data any) reflect.Value { return follow(reflect.ValueOf(data)) }

// follow goes to what pointers and interfaces hold; the zero Value where that is nothing.
func follow(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v
}

func (r *reader) read(v reflect.Value, path string, s scope) {
	if v = follow(v); !v.IsValid() {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		if text(v) == "" && v.Type() != decimalType && v.Type() != timeType {
			r.readStruct(v, path, s)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			place := "[" + strconv.Itoa(i) + "]"
			r.name(v.Index(i), path, place)
			r.read(v.Index(i), path+place, s)
		}
	case reflect.Map:
		for _, k := range sortedKeys(v) {
			inner := s
			if s.subject == "" {
				inner.subject = k.String()
			}
			r.read(v.MapIndex(k), join(path, k.String()), inner)
		}
	default:
	}
}

func sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}

// keyFields are the fields by whose text a place of a list can be given, the first that there is.
var keyFields = []string{"symbol", "key", "name", "label", "metric", "concept", "kind", "sector", "period", "date", "day"}

// labelFields are those of them that say what is measured, or of what class.
var labelFields = []string{"key", "name", "label", "metric", "concept", "kind", "sector"}

func (r *reader) name(v reflect.Value, list, place string) {
	if v = follow(v); !v.IsValid() || v.Kind() != reflect.Struct {
		return
	}
	texts := map[string]string{}
	for _, f := range fieldsOf(v) {
		texts[f.name] = text(f.value)
	}
	for _, name := range keyFields {
		key := keyOf(list, texts[name])
		if _, taken := r.figures.keys[key]; texts[name] != "" && !taken && strings.Trim(texts[name], "0123456789") != "" {
			r.figures.keys[key] = place
		}
	}
}

func (r *reader) readStruct(v reflect.Value, path string, s scope) {
	fields := fieldsOf(v)
	s = s.within(fields)
	for _, f := range fields {
		at := join(path, f.name)
		switch {
		case !isNumber(f.value.Type()):
			r.read(f.value, at, s)
		case f.unit == "":
			r.missing = append(r.missing, at)
		case f.unit != "-":
			r.add(f, at, s)
		}
	}
}

// add adds the figures of a field: one, or those of a list or map.
func (r *reader) add(f field, at string, s scope) {
	v := follow(f.value)
	if !v.IsValid() {
		return
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			r.add(field{name: f.name, unit: f.unit, value: v.Index(i)}, at+"["+strconv.Itoa(i)+"]", s)
		}
	case reflect.Map:
		for _, k := range sortedKeys(v) {
			r.add(field{name: k.String(), unit: f.unit, value: v.MapIndex(k)}, join(at, k.String()), s)
		}
	default:
		r.figures.places[at] = len(r.figures.list)
		r.figures.list = append(r.figures.list, Figure{
			Path: at, Field: f.name, Subject: s.subject, Period: s.period, Labels: s.labels,
			Value: calculate.Value{Amount: amount(v), Unit: s.unit(f.unit), AsOf: s.asOf},
		})
	}
}

// within is the scope of a struct's fields.
func (s scope) within(fields []field) scope {
	texts := make(map[string]string, len(s.texts)+len(fields))
	for name, t := range s.texts {
		texts[name] = t
	}
	for _, f := range fields {
		t := text(f.value)
		if t != "" {
			texts[f.name] = t
			if slices.Contains(labelFields, f.name) {
				s.labels = append(slices.Clip(s.labels), t)
			}
		}
		switch is := f.is(); {
		case t == "" && is != "asOf":
		case is == "subject":
			s.subject = t
		case is == "period":
			s.period = t
		case is == "asOf":
			if v := follow(f.value); v.IsValid() {
				if at, ok := v.Interface().(time.Time); ok && !at.IsZero() {
					s.asOf = at
				}
			}
		}
	}
	s.texts = texts
	return s
}

// unit reads a tag in its scope.
func (s scope) unit(tag string) calculate.Unit {
	over, under, divided := strings.Cut(tag, "/")
	unit := s.named(over)
	if divided && unit != "" {
		unit += "/" + s.named(under)
	}
	if unit == "ratio" {
		return calculate.Ratio
	}
	return calculate.Unit(unit)
}

// named is a part of a tag: itself, or the text of the field that it names.
func (s scope) named(part string) string {
	if name, ok := strings.CutPrefix(part, "@"); ok {
		return s.texts[name]
	}
	return part
}

// field is a field of a struct as it prints.
type field struct {
	name, unit, mark string
	value            reflect.Value
}

// is says what the field tells of those beside it.
func (f field) is() string {
	switch {
	case f.mark != "":
		return f.mark
	case f.name == "symbol":
		return "subject"
	case f.name == "period" || f.name == "asOf":
		return f.name
	}
	return ""
}

// fieldsOf lists the printed fields of a struct, those of embedded ones among them.
func fieldsOf(v reflect.Value) []field {
	var fields []field
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported() && !f.Anonymous:
			continue
		case f.Anonymous && name == "":
			if inner := follow(v.Field(i)); inner.IsValid() && inner.Kind() == reflect.Struct {
				fields = append(fields, fieldsOf(inner)...)
			}
			continue
		case name == "":
			name = f.Name
		}
		fields = append(fields, field{name: name, unit: f.Tag.Get("unit"), mark: f.Tag.Get("figure"), value: v.Field(i)})
	}
	return fields
}

// isNumber tells whether a field's values are numbers, one or many.
func isNumber(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Array || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	return t == decimalType || t.Kind() >= reflect.Int && t.Kind() <= reflect.Float64 && t.Kind() != reflect.Uintptr && t.PkgPath() == ""
}

func amount(v reflect.Value) decimal.Decimal {
	switch {
	case v.CanInt():
		return decimal.NewFromInt(v.Int())
	case v.CanUint():
		return decimal.NewFromUint64(v.Uint())
	case v.CanFloat():
		return decimal.NewFromFloat(v.Float())
	}
	d, _ := v.Interface().(decimal.Decimal)
	return d
}

// text is what a value prints as where that is a text; empty for what is none, times included.
func text(v reflect.Value) string {
	if v = follow(v); !v.IsValid() {
		return ""
	}
	if v.Kind() == reflect.String {
		return v.String()
	}
	if day, ok := v.Interface().(interface {
		MarshalText() ([]byte, error)
		String() string
	}); ok && v.Type() != decimalType && v.Type() != timeType {
		return day.String()
	}
	return ""
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
