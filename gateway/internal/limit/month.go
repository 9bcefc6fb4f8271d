package limit

import "time"

// month is a calendar month, UTC: years times 12 and months from 0.
type month int

func monthOf(at time.Time) month {
	at = at.UTC()
	return month(at.Year()*12 + int(at.Month()) - 1)
}

func (m month) start() time.Time {
	return time.Date(int(m)/12, time.Month(int(m)%12+1), 1, 0, 0, 0, 0, time.UTC)
}

func (m month) end() time.Time { return (m + 1).start() }

// String is the month as the ledger writes it: 2026-11.
func (m month) String() string { return m.start().Format("2006-01") }
