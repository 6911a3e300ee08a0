package packed

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

func randomYear(r *rand.Rand, n int) Columns {
	c := Columns{Days: make([]int32, n), Close: make([]float64, n), Total: make([]float64, n)}
	price := int64(1 + r.IntN(50_000_000))
	for i := range n {
		c.Days[i] = int32(20_000 + i*7/5)
		price = max(price+int64(r.NormFloat64()*float64(price)*0.02), 1)
		c.Close[i], c.Total[i] = float64(price)/1e6, float64(price*9/10+1)/1e6
	}
	return c
}

func TestWhatWasPackedIsUnpackedBitByBit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	cases := map[string]Columns{
		"no day":                {Days: []int32{}, Close: []float64{}, Total: []float64{}},
		"before 1970":           {Days: []int32{-3650, -3649}, Close: []float64{0.05, 0.06}},
		"of no decimals":        {Days: []int32{1, 2}, Close: []float64{math.Pi, 1e-300}},
		"large and small":       {Days: []int32{1, 2}, Close: []float64{700_000, 0.000001}},
		"more digits than fit":  {Days: []int32{1, 2}, Close: []float64{9_000_000_000_000.5, 0.123456}},
		"of what a float holds": {Days: []int32{1}, Close: []float64{math.MaxFloat64}},
	}
	for range 50 {
		c := randomYear(r, 1+r.IntN(366))
		cases["random"] = c
		for name, c := range cases {
			got, err := Unpack(Pack(c), Columns{})
			if diff := cmp.Diff(c, got); err != nil || diff != "" && len(c.Days) > 0 {
				t.Fatalf("%s: %v (-want +got):\n%s", name, err, diff)
			}
		}
	}
}

func TestYearsJoinAndOneWithoutTotalsLeavesNone(t *testing.T) {
	first := Columns{Days: []int32{1, 2}, Close: []float64{3, 4}, Total: []float64{2, 3}}
	second := Columns{Days: []int32{5}, Close: []float64{6}}
	got, err := Unpack(Pack(first), Columns{})
	if err == nil {
		got, err = Unpack(Pack(second), got)
	}
	want := Columns{Days: []int32{1, 2, 5}, Close: []float64{3, 4, 6}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := Unpack(Pack(first), got); !errors.Is(err, ErrDamaged) {
		t.Errorf("days that go back: got %v", err)
	}
}

func TestEveryDamagedByteIsSeen(t *testing.T) {
	packed := Pack(randomYear(rand.New(rand.NewPCG(3, 4)), 252))
	for i := range packed {
		for _, bit := range []byte{1, 16, 128} {
			packed[i] ^= bit
			if _, err := Unpack(packed, Columns{}); !errors.Is(err, ErrDamaged) {
				t.Fatalf("byte %d, bit %d: got %v", i, bit, err)
			}
			packed[i] ^= bit
		}
		if _, err := Unpack(packed[:i], Columns{}); !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut at %d: got %v", i, err)
		}
	}
}

func TestAYearOfPricesIsSmall(t *testing.T) {
	got := len(Pack(randomYear(rand.New(rand.NewPCG(5, 6)), 252)))
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
		f.Add(Pack(randomYear(r, n)))
	}
	f.Add(Pack(Columns{Days: []int32{1, 2}, Close: []float64{math.Pi, 1e-300}}))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, packed := range [][]byte{body, sealed(body)} {
			got, err := Unpack(packed, Columns{})
			if err != nil {
				if !errors.Is(err, ErrDamaged) || got.Days != nil {
					t.Fatalf("got %v, %v", got, err)
				}
				continue
			}
			for i, v := range got.Close {
				if !(v > 0) || i > 0 && got.Days[i] <= got.Days[i-1] {
					t.Fatalf("got %v on %d", v, got.Days[i])
				}
			}
			again, err := Unpack(Pack(got), Columns{})
			if err != nil || !slices.Equal(got.Days, again.Days) || !slices.Equal(got.Close, again.Close) || !slices.Equal(got.Total, again.Total) {
				t.Fatalf("got %v, %v, want %v", again, err, got)
			}
		}
	})
}
