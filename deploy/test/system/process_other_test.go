//go:build !linux

package system_test

import "syscall"

func ownGroup() *syscall.SysProcAttr { return nil }
