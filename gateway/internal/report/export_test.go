package report

import "context"

// MaxBytes is maxBytes.
const MaxBytes = maxBytes

// Once sends one report.
func (r *Reporter) Once(ctx context.Context) { r.report(ctx) }

// Quantile is quantile.
func Quantile(q float64, counts []uint64) *float64 { return quantile(q, counts) }
