package secondfactor

import (
	"crypto/hmac"
	"crypto/sha1" // #nosec G505 -- what RFC 6238 and every authenticator app use; HMAC does not need collisions to be hard
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"time"
)

const (
	otpPeriod = 30 * time.Second
	otpDigits = 6
	// otpSkew is how many steps a clock may be off, either way.
	otpSkew = 1
)

// otpStep is the step of RFC 6238 at a time.
func otpStep(at time.Time) int64 { return at.Unix() / int64(otpPeriod/time.Second) }

// otpCode is the code of a step: HOTP (RFC 4226, 5.3) over it.
func otpCode(secret []byte, step int64, digits int) string {
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, step) // a hash takes everything
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0x0f
	number := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	modulus := uint32(1)
	for range digits {
		modulus *= 10
	}
	return fmt.Sprintf("%0*d", digits, number%modulus)
}

// otpMatch finds the step near now, and after the last one that was used, whose code it is.
func otpMatch(secret []byte, code string, now time.Time, lastStep int64) (step int64, ok bool) {
	for step := otpStep(now) - otpSkew; step <= otpStep(now)+otpSkew; step++ {
		same := subtle.ConstantTimeCompare([]byte(otpCode(secret, step, otpDigits)), []byte(code)) == 1
		if same && step > lastStep {
			return step, true
		}
	}
	return 0, false
}
