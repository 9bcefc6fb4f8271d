package admission

// Bounds are the most that is let in at once.
type Bounds struct {
	Requests    int // in flight
	Connections int
}

// What one of them takes at most, and the part of the memory that they get together.
const (
	requestBytes    = 128 << 10 // a body of 64 KiB, while it is read and parsed
	connectionBytes = 32 << 10  // buffers, and a head that is not complete
	memoryShare     = 8         // an eighth for each of the two
)

// DefaultBounds follow the memory that is available, in bytes. 0 is not known.
func DefaultBounds(memory int64) Bounds {
	if memory == 0 {
		memory = 1 << 30
	}
	share := memory / memoryShare
	return Bounds{
		Requests:    int(min(max(share/requestBytes, 64), 4096)),
		Connections: int(min(max(share/connectionBytes, 256), 20000)),
	}
}
