// Package meter counts what each user calls and gets the counts to auth-service's ledger: every call once, through
// crashes. It refuses to know who may call, and what is done with the counts.
//
// Counting. A row per (user, route, hour) stands in a segment, a file that is mapped into memory and shared with the
// kernel. A call is an atomic addition there: no system call, no lock, and it survives kill -9 of the gateway, because
// the pages belong to the kernel. A call is counted in Begin, before its answer reaches the client, so an answered call
// is a counted one. The file's space is allocated before it is mapped: a full disk shows when a segment is made, never
// as a fault in the middle of a call. Then segments are made in ordinary memory, loudly, until there is room again.
//
// Delivering. Twice a second what is being counted is sealed, and other segments take its place. A sealed segment never
// changes, so it is the same batch however often it is sent: (instance, number) makes the ledger add it once. It is
// removed when the ledger has said yes. While the ledger is away nothing is sealed, and the same rows go on adding up. So
// the disk holds 64 bytes for each (user, route, hour) of the outage, however many calls there are, and at most 2.3 MiB
// beside them; memory holds 16 bytes more for each.
//
// Dying. Each gateway has a folder of its own under STATE_DIR, named by an instance id that is never used again, and
// holds a lock on it. The kernel drops the lock with the process. Whoever finds a folder that is not locked (a starting
// gateway at once, a running one every ten seconds) locks it, delivers what it holds under the dead one's name, and
// removes it.
//
// Power. What is not yet delivered is written through to the disk at least once a second.
package meter
