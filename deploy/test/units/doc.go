// Package units tests the units of systemd in deploy/systemd: they are right and hardened, they give the programs what they need, and,
// with the build tag units, they run under a systemd that the test boots.
//
// It needs nothing from the systemd of the machine: the test's own has namespaces and a root file system of its own.
package units
