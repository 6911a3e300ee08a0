// Package packed writes the daily closes of a year as few bytes, and reads them back.
package packed

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// A packed year is a version byte, the columns and a CRC-32C of all before it, its bytes in little-endian order. Numbers
// are varints as encoding/binary has them:
//
//	1, n, a flag whether there are totals; the first day, then by how much each day is later than the one before;
//	the closes, and the totals where there are: their digits behind the point, the first value in units of the last
//	digit, then by how much each differs from the one before.
//
// Values that no fifteen digits spell are kept as they are in memory, behind rawDigits.
const (
	packVersion = 1
	maxDigits   = 12
	rawDigits   = 255
	// exactly is below where every whole number is a float, so that a value's digits and its power of ten are, too, and
	// their quotient is the float nearest to the decimal.
	exactly = 1 << 53
	// maxPacked is more days than a year has.
	maxPacked = 400
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	powers     = [maxDigits + 1]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12}
	// ErrDamaged is what bytes are that Pack did not write.
	ErrDamaged = errors.New("packed closes are damaged")
)

// Columns are days, in order, with their closes and, or nil, totals.
type Columns struct {
	Days  []int32 // calendar.Day.Number
	Close []float64
	Total []float64
}

// From is the part of the columns from a day on; it shares their memory.
func (c Columns) From(first int32) Columns {
	i, _ := slices.BinarySearch(c.Days, first)
	part := Columns{Days: c.Days[i:len(c.Days):len(c.Days)], Close: c.Close[i:len(c.Close):len(c.Close)]}
	if c.Total != nil {
		part.Total = c.Total[i:len(c.Total):len(c.Total)]
	}
	return part
}

// Years divides the columns, from the year of a day on, by years.
func (c Columns) Years(since int32) map[int]Columns {
	byYear := map[int]Columns{}
	for begin := 0; begin < len(c.Days); {
		year := calendar.DayNumbered(c.Days[begin]).Year
		next := calendar.Day{Year: year + 1, Month: time.January, Day: 1}.Number()
		end, _ := slices.BinarySearch(c.Days, next)
		if c.Days[end-1] >= since {
			part := Columns{Days: c.Days[begin:end], Close: c.Close[begin:end]}
			if c.Total != nil {
				part.Total = c.Total[begin:end]
			}
			byYear[year] = part
		}
		begin = end
	}
	return byYear
}

// Pack writes the days of one year.
func Pack(c Columns) []byte {
	out := binary.AppendUvarint([]byte{packVersion}, uint64(len(c.Days)))
	out = append(out, flag(c.Total != nil))
	before := int32(0)
	for _, day := range c.Days {
		out = binary.AppendVarint(out, int64(day-before))
		before = day
	}
	out = packValues(out, c.Close)
	if c.Total != nil {
		out = packValues(out, c.Total)
	}
	return binary.LittleEndian.AppendUint32(out, crc32.Checksum(out, castagnoli))
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}

func packValues(out []byte, values []float64) []byte {
	digits, ok := digitsOf(values)
	if !ok {
		out = append(out, rawDigits)
		for _, v := range values {
			out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
		}
		return out
	}
	out = append(out, byte(digits)) // #nosec G115 -- at most maxDigits
	before := int64(0)
	for _, v := range values {
		n := int64(math.Round(v * powers[digits]))
		out = binary.AppendVarint(out, n-before)
		before = n
	}
	return out
}

// digitsOf is with how many digits behind the point all values can be spelled.
func digitsOf(values []float64) (digits int, ok bool) {
	for _, v := range values {
		for ; ; digits++ {
			if digits > maxDigits {
				return 0, false
			}
			n := math.Round(v * powers[digits])
			if math.Abs(n) < exactly && n/powers[digits] == v {
				break
			}
		}
	}
	for _, v := range values { // more digits may be more than a float has
		if n := math.Round(v * powers[digits]); math.Abs(n) >= exactly || n/powers[digits] != v {
			return 0, false
		}
	}
	return digits, true
}

// Unpack reads what Pack wrote, and adds it to the columns; what is damaged is ErrDamaged and leaves them as they were.
// Of several years all must have totals, or none does.
func Unpack(packed []byte, to Columns) (Columns, error) {
	r := unpacker{left: packed}
	if !r.check() {
		return to, ErrDamaged
	}
	n := r.count()
	totals := r.byte()
	days := r.days(slices.Grow(to.Days, n), n)
	closes := r.values(slices.Grow(to.Close, n), n)
	total := to.Total
	if totals == 1 {
		total = r.values(slices.Grow(to.Total, n), n)
	}
	if r.bad || totals > 1 || len(r.left) > 0 {
		return to, ErrDamaged
	}
	if len(total) != len(days) {
		total = nil
	}
	return Columns{days, closes, total}, nil
}

// unpacker reads from bytes. Once something is wrong it is bad, and says nothing more that counts.
type unpacker struct {
	left []byte
	bad  bool
}

// check takes the version and the checksum away.
func (r *unpacker) check() bool {
	const sum = 4
	if len(r.left) < 1+sum || r.left[0] != packVersion {
		return false
	}
	body, end := r.left[:len(r.left)-sum], r.left[len(r.left)-sum:]
	r.left = body[1:]
	return crc32.Checksum(body, castagnoli) == binary.LittleEndian.Uint32(end)
}

func (r *unpacker) count() int {
	n, size := binary.Uvarint(r.left)
	if size <= 0 || n > maxPacked {
		r.bad = true
		return 0
	}
	r.left = r.left[size:]
	return int(n) // #nosec G115 -- at most maxPacked
}

func (r *unpacker) byte() byte {
	if len(r.left) == 0 {
		r.bad = true
		return 0
	}
	b := r.left[0]
	r.left = r.left[1:]
	return b
}

func (r *unpacker) varint() int64 {
	n, size := binary.Varint(r.left)
	if size <= 0 {
		r.bad, r.left = true, nil
		return 0
	}
	r.left = r.left[size:]
	return n
}

// days adds n days, each later than the one before it.
func (r *unpacker) days(to []int32, n int) []int32 {
	day, last := int64(0), int64(math.MinInt32)
	if len(to) > 0 {
		last = int64(to[len(to)-1])
	}
	for range n {
		day += r.varint()
		if day <= last || day > math.MaxInt32 {
			r.bad = true
			return to
		}
		last = day
		to = append(to, int32(day)) // #nosec G115 -- between its bounds
	}
	return to
}

// values adds n numbers above zero.
func (r *unpacker) values(to []float64, n int) []float64 {
	digits := r.byte()
	if digits == rawDigits {
		return r.raw(to, n)
	}
	if digits > maxDigits {
		r.bad = true
		return to
	}
	power, units := powers[digits], int64(0)
	for range n {
		units += r.varint()
		if units <= 0 || units >= exactly {
			r.bad = true
			return to
		}
		to = append(to, float64(units)/power)
	}
	return to
}

func (r *unpacker) raw(to []float64, n int) []float64 {
	const size = 8
	if len(r.left) < n*size {
		r.bad = true
		return to
	}
	for range n {
		v := math.Float64frombits(binary.LittleEndian.Uint64(r.left))
		if !(v > 0) || math.IsInf(v, 0) {
			r.bad = true
			return to
		}
		to, r.left = append(to, v), r.left[size:]
	}
	return to
}
