// Package meter counts the calls of each user and delivers the counts to auth-service's ledger: every call once, through
// crashes. It refuses to know who may call, and what is done with the counts.
//
// Counting. A segment is a file that is mapped into memory and shared with the kernel. It has a row for each (user, API key,
// route, hour). Counting a call is an atomic addition to a row: no system call, no lock. The count survives kill -9 of the
// gateway, because the pages belong to the kernel. A call is counted in Begin, before its response reaches the client, so
// every call with a response is counted. The file's space is allocated before it is mapped: a full disk shows when a
// segment is made, never as a fault in the middle of a call. While the disk is full, segments are made in ordinary memory,
// and the log and the metrics say so.
//
// Delivering. Twice a second the segments in use are sealed, and new ones take their place. A sealed segment never changes,
// so it is the same batch however often it is sent: the ledger adds each (instance, number) once. The segment is removed
// when the ledger has confirmed it. While the ledger is unreachable, nothing is sealed, and the same rows go on adding up.
// So the disk holds 64 bytes for each (user, API key, route, hour) of the outage, however many calls there are, and at most
// 2.3 MiB beside them. Memory holds 16 bytes more for each. A row whose counters of 32 bits are half full gets a successor
// for the same key, so none of them ever wraps.
//
// Versions. Files of version 1, from before there were API keys and units, are delivered too: a call was one unit. A
// gateway of that version leaves files of version 2 to a newer one. A batch with API keys or costs is sent by UsageInUnits:
// an auth-service that does not know them refuses it, and the segment waits for one that does.
//
// Dying. Each gateway has its own folder under STATE_DIR, named by an instance id that is never used again, and holds a
// lock on it. The kernel drops the lock with the process. Every gateway looks for folders without a lock, when it starts
// and then every ten seconds. It locks such a folder, delivers what it holds under the dead gateway's id, and removes it.
//
// Power. What is not yet delivered is synced to the disk at least once a second.
package meter
