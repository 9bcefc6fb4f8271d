package main

import "syscall"

// endsWithUs gives a service a process group of its own, so that Ctrl-C reaches this program alone, which then stops
// the services in order; and has the kernel end it when this program is gone, even by kill -9.
func endsWithUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
