package pastprices

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func randomYear(r *rand.Rand, n int) columns {
	c := columns{days: make([]int32, n), close: make([]float64, n), total: make([]float64, n)}
	price := int64(1 + r.IntN(50_000_000))
	for i := range n {
		c.days[i] = int32(20_000 + i*7/5)
		price = max(price+int64(r.NormFloat64()*float64(price)*0.02), 1)
		c.close[i], c.total[i] = float64(price)/1e6, float64(price*9/10+1)/1e6
	}
	return c
}

var compareColumns = cmp.AllowUnexported(columns{})

func TestWhatWasPackedIsUnpackedBitByBit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	cases := map[string]columns{
		"no day":                {days: []int32{}, close: []float64{}, total: []float64{}},
		"before 1970":           {days: []int32{-3650, -3649}, close: []float64{0.05, 0.06}},
		"of no decimals":        {days: []int32{1, 2}, close: []float64{math.Pi, 1e-300}},
		"large and small":       {days: []int32{1, 2}, close: []float64{700_000, 0.000001}},
		"more digits than fit":  {days: []int32{1, 2}, close: []float64{9_000_000_000_000.5, 0.123456}},
		"of what a float holds": {days: []int32{1}, close: []float64{math.MaxFloat64}},
	}
	for range 50 {
		c := randomYear(r, 1+r.IntN(366))
		cases["random"] = c
		for name, c := range cases {
			got, err := unpack(pack(c), columns{})
			if diff := cmp.Diff(c, got, compareColumns); err != nil || diff != "" && len(c.days) > 0 {
				t.Fatalf("%s: %v (-want +got):\n%s", name, err, diff)
			}
		}
	}
}

func TestYearsJoinAndOneWithoutTotalsLeavesNone(t *testing.T) {
	first := columns{days: []int32{1, 2}, close: []float64{3, 4}, total: []float64{2, 3}}
	second := columns{days: []int32{5}, close: []float64{6}}
	got, err := unpack(pack(first), columns{})
	if err == nil {
		got, err = unpack(pack(second), got)
	}
	want := columns{days: []int32{1, 2, 5}, close: []float64{3, 4, 6}}
	if diff := cmp.Diff(want, got, compareColumns); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := unpack(pack(first), got); !errors.Is(err, errPacked) {
		t.Errorf("days that go back: got %v", err)
	}
}

func TestEveryDamagedByteIsSeen(t *testing.T) {
	packed := pack(randomYear(rand.New(rand.NewPCG(3, 4)), 252))
	for i := range packed {
		for _, bit := range []byte{1, 16, 128} {
			packed[i] ^= bit
			if _, err := unpack(packed, columns{}); !errors.Is(err, errPacked) {
				t.Fatalf("byte %d, bit %d: got %v", i, bit, err)
			}
			packed[i] ^= bit
		}
		if _, err := unpack(packed[:i], columns{}); !errors.Is(err, errPacked) {
			t.Fatalf("cut at %d: got %v", i, err)
		}
	}
}

func TestAYearOfPricesIsSmall(t *testing.T) {
	got := len(pack(randomYear(rand.New(rand.NewPCG(5, 6)), 252)))
	if most := 252 * 9; got > most {
		t.Errorf("got %d bytes for 252 days, want at most %d", got, most)
	}
}

// sealed gives a body the checksum that goes with it, so that a fuzzer gets past that.
func sealed(body []byte) []byte {
	return binary.LittleEndian.AppendUint32(body[:len(body):len(body)], crc32.Checksum(body, castagnoli))
}

func FuzzUnpackReadsWhatPackWroteAndRefusesTheRest(f *testing.F) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{0, 1, 252} {
		f.Add(pack(randomYear(r, n)))
	}
	f.Add(pack(columns{days: []int32{1, 2}, close: []float64{math.Pi, 1e-300}}))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, packed := range [][]byte{body, sealed(body)} {
			got, err := unpack(packed, columns{})
			if err != nil {
				if !errors.Is(err, errPacked) || got.days != nil {
					t.Fatalf("got %v, %v", got, err)
				}
				continue
			}
			for i, v := range got.close {
				if !(v > 0) || i > 0 && got.days[i] <= got.days[i-1] {
					t.Fatalf("got %v on %d", v, got.days[i])
				}
			}
			again, err := unpack(pack(got), columns{})
			if err != nil || !slices.Equal(got.days, again.days) || !slices.Equal(got.close, again.close) || !slices.Equal(got.total, again.total) {
				t.Fatalf("got %v, %v, want %v", again, err, got)
			}
		}
	})
}
