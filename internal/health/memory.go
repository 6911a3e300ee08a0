package health

import (
	"context"
	"math"
	"os"
	"path"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
)

// memoryFull is the share of what there is from which on it is scarce.
const memoryFull = 0.9

// Memory looks at what the process has of memory against what it may have: what is alive after a collection, against
// GOMEMLIMIT, and what its control group holds that cannot be dropped, against that group's limit. False where neither is
// limited: then it is no part.
func Memory() (Check, bool) {
	limit := debug.SetMemoryLimit(-1)
	group := controlGroup(os.ReadFile)
	if limit == math.MaxInt64 && group == "" {
		return Check{}, false
	}
	return Check{Name: "memory", Look: func(context.Context) Finding {
		f := Finding{Status: OK, Figures: map[string]float64{}}
		share := 0.0
		if limit != math.MaxInt64 {
			live := liveHeap()
			f.Figures["liveHeapBytes"], f.Figures["limitBytes"] = live, float64(limit)
			share = live / float64(limit)
		}
		if used, most, ok := groupUse(os.ReadFile, group); ok {
			f.Figures["groupBytes"], f.Figures["groupLimitBytes"] = used, most
			share = max(share, used/most)
		}
		if share >= memoryFull {
			f.Status, f.Reason = Degraded, "is nearly used up"
		}
		return f
	}}, true
}

func liveHeap() float64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return float64(sample[0].Value.Uint64())
}

// groupRoot is where control groups (version 2) are.
const groupRoot = "/sys/fs/cgroup"

// reader reads a file.
type reader func(name string) ([]byte, error)

// controlGroup is the folder of the process's control group, where that has a limit; empty otherwise.
func controlGroup(read reader) string {
	text, err := read("/proc/self/cgroup")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "0::")
		if dir := path.Join(groupRoot, name); ok {
			if _, _, limited := groupUse(read, dir); limited {
				return dir
			}
		}
	}
	return ""
}

// groupUse is what a control group holds and what it may, in bytes; false where it has no limit. Files that are only kept
// because there is room are not counted.
func groupUse(read reader, dir string) (used, most float64, ok bool) {
	if dir == "" {
		return 0, 0, false
	}
	most, limited := number(read, path.Join(dir, "memory.max"))
	used, known := number(read, path.Join(dir, "memory.current"))
	if !limited || !known || most <= 0 {
		return 0, 0, false
	}
	stat, _ := read(path.Join(dir, "memory.stat")) // without it all of it counts
	for line := range strings.Lines(string(stat)) {
		if text, found := strings.CutPrefix(line, "inactive_file "); found {
			cached, _ := strconv.ParseFloat(strings.TrimSpace(text), 64)
			used = max(used-cached, 0)
		}
	}
	return used, most, true
}

// number reads a file with one number; "max" is none.
func number(read reader, name string) (float64, bool) {
	text, err := read(name)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
	return n, err == nil
}
