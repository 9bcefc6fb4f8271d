package main

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"go.opentelemetry.io/otel/trace"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/guess"
	"tallygate/auth-service/internal/issuer"
	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/password"
	"tallygate/auth-service/internal/store"
	"tallygate/kit/disk"
	"tallygate/kit/memory"
)

func openStore(cfg databaseConfig, log *slog.Logger, tracer trace.Tracer) (*store.Store, error) {
	db, err := store.Open(store.Config{URL: cfg.url, MaxConns: cfg.maxConns, Timeout: cfg.timeout, Log: log, Tracer: tracer})
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	return db, nil
}

// newQueue makes the queue for hashing. Hashes get half of the memory.
func newQueue(cfg passwordConfig) *password.Queue {
	return password.NewQueue(password.QueueConfig{
		Workers: cfg.workers, Waiting: cfg.waiting, Wait: cfg.patience, MemoryKiB: uint64(memory.Available()) / 2 >> 10,
	})
}

// newAccounts makes the domain of users and sessions over a database. Commands do without keys.
func newAccounts(cfg *config, db *store.Store, queue *password.Queue, k keys) (*account.Service, error) {
	hasher, err := password.NewHasher(cfg.passwords.params, queue, nil)
	if err != nil {
		return nil, err
	}
	policy, err := password.NewPolicy(cfg.passwords.minLength, cfg.passwords.refuseCommon)
	if err != nil {
		return nil, err
	}
	return account.NewService(account.Config{
		Store: db, Hasher: hasher, Policy: policy, RefreshKeys: k.refresh, FactorKeys: k.factors, Lifetimes: cfg.lifetimes,
		SessionsPerUser: cfg.sessionsPerUser, KeysPerUser: cfg.keysPerUser, SignUp: cfg.signUp, AdminTOTP: cfg.adminTOTP,
		Guesses: guess.New(guess.Config{Store: db, Limits: cfg.guesses, Patience: cfg.passwords.patience}),
	}), nil
}

func newLedger(cfg usageConfig, db *store.Store, log *slog.Logger) *ledger.Service {
	return ledger.NewService(ledger.Config{
		Store: db, HoursKept: cfg.hoursKept, DefaultQuota: cfg.defaultQuota, LeaseTime: cfg.leaseTime, Log: log,
	})
}

func newIssuer(cfg *config, key issuer.Key) *issuer.Issuer {
	return issuer.New(issuer.Config{Issuer: cfg.JWTIssuer, Audience: cfg.JWTAudience, TTL: cfg.JWTTTL}, key)
}

// databaseMetrics report the pools, and the disk if the database is a file on this machine.
func databaseMetrics(db *store.Store, url string) []prometheus.Collector {
	var all []prometheus.Collector
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		all = append(all, disk.NewCollector("database", filepath.Dir(file)))
	}
	for name, pool := range db.Pools() {
		all = append(all, collectors.NewDBStatsCollector(pool, name), prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tallygate_database_waiting_calls", Help: "Calls that wait for a connection to the database.",
			ConstLabels: prometheus.Labels{"pool": name},
		}, func() float64 { return float64(db.Waiting(name)) }))
	}
	return all
}
