package health

import (
	"context"
	"os"
)

const (
	// diskFull is what is left when next to nothing can be written any more, and diskLow when that is near; in bytes. Of small
	// disks it is a part of them.
	diskFull, partFull = 16 << 20, 100
	diskLow, partLow   = 512 << 20, 20
)

// Disk looks at the room where the data folder is. It is vital where the database is there, too. False where there is no
// such folder, or nobody tells its room: then it is no part.
func Disk(dir string, vital bool) (Check, bool) {
	if _, err := os.Stat(dir); err != nil {
		return Check{}, false
	}
	if _, err := roomAt(dir); err != nil {
		return Check{}, false
	}
	return Check{Name: "disk", Vital: vital, Look: func(context.Context) Finding {
		left, err := roomAt(dir)
		if err != nil {
			return Finding{Status: Down, Reason: "cannot be read"}
		}
		f := Finding{Status: OK, Figures: map[string]float64{"freeBytes": left.free, "sizeBytes": left.size}}
		switch {
		case left.free < min(diskFull, left.size/partFull) || left.noFiles:
			f.Status, f.Reason = Down, "is full: nothing more can be stored"
		case left.free < min(diskLow, left.size/partLow):
			f.Status, f.Reason = Degraded, "is nearly full"
		}
		return f
	}}, true
}

// room is what a disk has.
type room struct {
	free, size float64 // bytes, free to who is not the machine's administrator
	noFiles    bool    // no further file can be made
}
