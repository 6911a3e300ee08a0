package db

import (
	"syscall"
	"time"
)

// tcpUserTimeout is TCP_USER_TIMEOUT of tcp(7), in milliseconds.
const tcpUserTimeout = 0x12

// giveUpAfter bounds how long what was sent may stay unconfirmed. Sockets that are not TCP's refuse, and need it not.
func giveUpAfter(fd uintptr, d time.Duration) {
	_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(d/time.Millisecond)) // #nosec G115 -- a descriptor
}
