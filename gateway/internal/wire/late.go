package wire

// Memory is taken when there is something to read, and given back when there is not: what waits for a slow peer holds none.
type Memory interface {
	// Lend returns memory to read into. It is the same until Return.
	Lend() []byte
	// Return takes the memory back.
	Return()
}

// Loan is a buffer of a pool that is there only while it is needed. Its zero value has none, and Pool has to be set.
type Loan struct {
	Pool *Pool
	*Buffer
}

// Lend returns the free part of the buffer.
func (l *Loan) Lend() []byte {
	if l.Buffer == nil {
		l.Buffer = l.Pool.Get()
	}
	return l.Free()
}

// Return gives the buffer back if nothing is in it.
func (l *Loan) Return() {
	if l.Buffer != nil && len(l.Bytes()) == 0 {
		l.Drop()
	}
}

// Held is what is in the buffer, if there is one.
func (l *Loan) Held() []byte {
	if l.Buffer == nil {
		return nil
	}
	return l.Bytes()
}

// Room is Pool.Room for the buffer, if there is one.
func (l *Loan) Room() error {
	if l.Buffer == nil {
		return nil
	}
	return l.Pool.Room(l.Buffer)
}

// Drop gives the buffer back, whatever is in it.
func (l *Loan) Drop() {
	if l.Buffer != nil {
		l.Pool.Put(l.Buffer)
		l.Buffer = nil
	}
}

// fetchSlowly is Fetch through package net, which waits with the memory in hand.
func (c *Conn) fetchSlowly(memory Memory) (int, error) {
	n, err := c.Read(memory.Lend())
	if n == 0 {
		memory.Return()
	}
	return n, err
}
