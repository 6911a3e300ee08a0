//go:build !linux && !darwin

package health

import "errors"

func roomAt(string) (room, error) { return room{}, errors.ErrUnsupported }
