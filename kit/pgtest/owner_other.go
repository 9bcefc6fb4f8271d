//go:build !unix

package pgtest

import "syscall"

func serverUser(string) (*syscall.SysProcAttr, error) { return nil, nil }
