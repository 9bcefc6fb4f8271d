package main

import "syscall"

// endsWithUs gives a service a process group of its own, so that Ctrl-C reaches only this program, which then stops the
// services in order. The kernel ends the service when this program ends, even by kill -9.
func endsWithUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
