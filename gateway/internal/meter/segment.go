package meter

import (
	"math/bits"
	"sync/atomic"
	"time"
	"unsafe"
)

// segment is a list of rows in one mapped file. It becomes one batch, so its number is the batch's sequence.
type segment struct {
	number   uint64
	mapped   *mapping
	rows     []row
	used     atomic.Int64
	openedAt time.Time

	// For the delivering goroutine only: a refused segment is not sent again before this time.
	notBefore time.Time
}

const (
	// minRows is the size of a quiet gateway's segments: 256 KiB.
	minRows = 4096
	// maxRows keeps a batch below the ledger's 16 MiB, at up to 500 bytes for a row's text.
	maxRows = 32_768
)

func newSegment(number uint64, mapped *mapping, now time.Time) *segment {
	return &segment{number: number, mapped: mapped, rows: mappedRows(mapped.data[headerBytes:]), openedAt: now}
}

// mappedRows returns the rows in a segment's memory, without copying them.
func mappedRows(data []byte) []row {
	if len(data) < rowBytes {
		return nil
	}
	return unsafe.Slice((*row)(unsafe.Pointer(&data[0])), len(data)/rowBytes)
}

func segmentBytes(rows int) int { return headerBytes + rows*rowBytes }

// roomFor returns the rows of a first segment, if the table before it used so many.
func roomFor(used int64) int {
	return min(max(minRows, 1<<bits.Len64(uint64(used))), maxRows)
}

// filled returns the rows that were made.
func (s *segment) filled() []row { return s.rows[:s.used.Load()] }
