package testbed

import (
	"os/exec"
	"syscall"
)

// endWithTest lets the kernel end the process when the test ends, even by kill -9.
func endWithTest(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}
