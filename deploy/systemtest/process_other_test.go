//go:build !linux

package systemtest_test

import "syscall"

func ownGroup() *syscall.SysProcAttr { return nil }
