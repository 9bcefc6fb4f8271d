package main

import (
	"context"
	"fmt"
	"log/slog"

	"tallygate/auth-service/internal/ledger"
	"tallygate/kit/env"
)

// verifyLedger runs auth-service ledger verify. It reads only, and may run beside the service.
func verifyLedger(ctx context.Context, lookup env.Lookup, std streams) error {
	r := env.NewReader(lookup)
	database := readDatabase(r)
	if err := r.Err(); err != nil {
		return err
	}
	db, err := openForCommand(ctx, database)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // the process ends
	differences, err := ledger.NewService(ledger.Config{Store: db, Log: slog.New(slog.DiscardHandler)}).Verify(ctx)
	if err != nil {
		return err
	}
	for _, d := range differences {
		fmt.Fprintln(std.out, d)
	}
	if len(differences) > 0 {
		return fmt.Errorf("the ledger does not agree with itself: %d differences", len(differences))
	}
	fmt.Fprintln(std.out, "The ledger agrees: batches, hours and days have the same sums.")
	return nil
}
