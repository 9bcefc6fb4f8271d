package meter

import (
	"context"
	"encoding/binary"
	"time"
)

// OtherVersion changes a segment's header, with its checksum, to that of a later version.
func OtherVersion(file []byte) []byte {
	binary.NativeEndian.PutUint32(file[8:], headerVersion+1)
	n := binary.Size(header{})
	binary.NativeEndian.PutUint32(file[n-4:], headerSum(file[:n-4]))
	return file
}

// Deliver seals and sends once.
func (m *Meter) Deliver(ctx context.Context) error { return m.round(ctx, true) }

// Adopt goes through the folders of others once.
func (m *Meter) Adopt(ctx context.Context) error { return m.adoptAll(ctx, map[string]string{}) }

// CountTooLate adds a call to a table that was sealed after the caller had found it, and reports whether it was added.
func (m *Meter) CountTooLate(at time.Time, userID int64) bool {
	found := m.active.Load()
	m.sealActive()
	return found.add(owner{user: userID}, newKey(0, at), &counts{requests: 1})
}

// Batch returns the batch that is made of a segment's file, whatever is in it.
func Batch(file []byte, routes []string) []byte {
	if len(file) < headerBytes || checkHeader(file[:headerBytes]) != nil {
		file = append(make([]byte, headerBytes), file...)
	}
	return newBatch("instance", 1, mappedRows(file[headerBytes:]), routes).json
}

// Fill adds calls of a user to a row, until its counters of 32 bits are n below where the row gets a successor.
func (m *Meter) Fill(at time.Time, userID int64, route RouteID, n uint64) uint64 {
	m.add(owner{user: userID}, newKey(route, at), &counts{requests: fullCount - n, units: fullCount - n})
	return fullCount - n
}

// Routes reads a file of routes' names.
func Routes(path string) ([]string, error) { return readRoutes(path) }
