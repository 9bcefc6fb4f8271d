//go:build !linux

package main

import "syscall"

// endsWithUs leaves the services in the terminal's process group: Ctrl-C reaches them too.
func endsWithUs() *syscall.SysProcAttr { return nil }
