package secondfactor

import (
	"testing"
	"time"
)

// The secret of RFC 6238, appendix B, for SHA-1.
var rfcSecret = []byte("12345678901234567890")

func TestCodesAreThoseOfRFC6238(t *testing.T) {
	for at, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		if got := otpCode(rfcSecret, otpStep(time.Unix(at, 0)), 8); got != want {
			t.Errorf("at %d: got %s, want %s", at, got, want)
		}
		if got := otpCode(rfcSecret, otpStep(time.Unix(at, 0)), otpDigits); got != want[2:] {
			t.Errorf("at %d: got %s, want its last six digits %s", at, got, want[2:])
		}
	}
}

func TestCodesAreThoseOfRFC4226(t *testing.T) {
	for counter, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		if got := otpCode(rfcSecret, int64(counter), otpDigits); got != want {
			t.Errorf("count %d: got %s, want %s", counter, got, want)
		}
	}
}

func TestACodeHoldsAStepBeforeAndAfterItsOwnAndNeverAgain(t *testing.T) {
	now := time.Unix(1111111111, 0)
	for off, want := range map[int64]bool{-3: false, -2: false, -1: true, 0: true, 1: true, 2: false} {
		step := otpStep(now) + off
		code := otpCode(rfcSecret, step, otpDigits)
		if got, ok := otpMatch(rfcSecret, code, now, 0); ok != want || ok && got != step {
			t.Errorf("%+d steps: got step %d, %v, want %v", off, got, ok, want)
		}
		if _, ok := otpMatch(rfcSecret, code, now, step); ok {
			t.Errorf("%+d steps: the code of the last step used passes again", off)
		}
	}
	if _, ok := otpMatch(rfcSecret, "", now, 0); ok {
		t.Error("no code passes")
	}
}
