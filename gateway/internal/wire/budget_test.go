package wire_test

import (
	"bytes"
	"errors"
	"testing"

	"tallygate/gateway/internal/wire"
)

func TestABudgetRefusesWhatCanBeRefused(t *testing.T) {
	t.Parallel()
	b := wire.NewBudget(100)
	if !b.SpendSpare(70) || b.SpendSpare(6) || !b.Spend(30) || b.Spend(1) {
		t.Errorf("got %d of %d used", b.Used(), b.Limit())
	}
	b.Take(50)
	if b.Used() != 150 || b.Refused() != 1 {
		t.Errorf("got %d used, %d refused", b.Used(), b.Refused())
	}
	b.GiveBack(150)
	if b.Used() != 0 || !b.Spend(100) {
		t.Errorf("after all: got %d used", b.Used())
	}
}

func TestBuffersGrowWithinTheBudgetAndAreGivenBack(t *testing.T) {
	t.Parallel()
	budget := wire.NewBudget(40 << 10)
	pool := wire.NewPool(budget)
	b := pool.Get()
	fill := func() { b.Filled(len(b.Free())) }
	for _, size := range []int{4 << 10, 16 << 10, 32 << 10} {
		if len(b.Memory()) != size || budget.Used() != int64(size) {
			t.Errorf("got %d bytes, %d counted, want %d", len(b.Memory()), budget.Used(), size)
		}
		fill()
		err := pool.Room(b)
		if size == 32<<10 && !errors.Is(err, wire.ErrHeadTooLarge) || size < 32<<10 && err != nil {
			t.Errorf("at %d: got %v", size, err)
		}
	}
	other := pool.Get() // every request gets its first buffer
	other.Filled(4 << 10)
	if err := pool.Room(other); !errors.Is(err, wire.ErrOverloaded) {
		t.Errorf("beyond the budget: got %v", err)
	}
	pool.Put(b)
	if err := pool.Room(other); err != nil || len(other.Bytes()) != 4<<10 {
		t.Errorf("after one was given back: got %v, %d bytes", err, len(other.Bytes()))
	}
	pool.Hold(other, bytes.Repeat([]byte("x"), 50_000)) // pipelined behind a chunked body
	if len(other.Bytes()) != 50_000 || budget.Used() != 50_000 {
		t.Errorf("got %d bytes, %d counted", len(other.Bytes()), budget.Used())
	}
	pool.Put(other)
	if budget.Used() != 0 {
		t.Errorf("in the end %d are counted", budget.Used())
	}
}

func TestAVacatedBufferIsGivenBackOnce(t *testing.T) {
	t.Parallel()
	budget := wire.NewBudget(1 << 20)
	pool := wire.NewPool(budget)
	b := pool.Get()
	b.Filled(3)
	if pool.Vacate(b); budget.Used() != 0 || len(b.Bytes()) != 0 || len(b.Free()) != 0 {
		t.Errorf("got %d used, %d bytes", budget.Used(), len(b.Bytes()))
	}
	pool.Hold(b, []byte("next"))
	if len(b.Memory()) != 4<<10 || budget.Used() != 4<<10 {
		t.Errorf("holding 4 bytes: got %d bytes, %d counted", len(b.Memory()), budget.Used())
	}
	pool.Hold(b, make([]byte, 5000))
	if len(b.Memory()) != 16<<10 || budget.Used() != 16<<10 {
		t.Errorf("holding 5000 bytes: got %d bytes, %d counted", len(b.Memory()), budget.Used())
	}
	pool.Put(b)
	if budget.Used() != 0 {
		t.Errorf("in the end %d are counted", budget.Used())
	}
}
