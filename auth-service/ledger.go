package main

import (
	"context"
	"fmt"
	"log/slog"

	"tallygate/auth-service/internal/ledger"
	"tallygate/kit/env"
)

func ledgerCommands() []command {
	return []command{{
		noun: "ledger", verb: "verify", help: "check that batches, hours, days and months of the usage have the same sums", run: verifyLedger,
	}}
}

// verifyLedger changes nothing of the usage, and may run while the service does. It keeps its result for administrators.
func verifyLedger(ctx context.Context, c call) error {
	r := env.NewReader(c.lookup)
	database := readDatabase(r)
	if err := r.Err(); err != nil {
		return err
	}
	db, err := openForCommand(ctx, database)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // the process ends
	differences, err := ledger.NewService(ledger.Config{Store: db, Log: slog.New(slog.DiscardHandler)}).VerifyAndNote(ctx)
	if err != nil {
		return err
	}
	for _, d := range differences {
		fmt.Fprintln(c.out, d)
	}
	if len(differences) > 0 {
		return fmt.Errorf("the ledger does not agree with itself: %d differences", len(differences))
	}
	fmt.Fprintln(c.out, "The ledger agrees: batches, hours, days and months have the same sums.")
	return nil
}
