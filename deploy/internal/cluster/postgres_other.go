//go:build !unix

package cluster

import "syscall"

func serverUser(string) (*syscall.SysProcAttr, error) { return nil, nil }
