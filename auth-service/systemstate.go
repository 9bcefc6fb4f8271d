package main

import (
	"cmp"
	"slices"
	"time"

	"tallygate/auth-service/internal/password"
	"tallygate/auth-service/internal/store"
	"tallygate/auth-service/internal/system"
	"tallygate/kit/build"
	"tallygate/kit/env"
	"tallygate/kit/token"
)

// replicaState returns what reads the state of this process.
func replicaState(started time.Time, queue *password.Queue, db *store.Store) func() system.Replica {
	return func() system.Replica {
		r := system.Replica{Version: build.Current().Version, StartedAt: started, HashQueue: system.Queue{Limit: queue.Bound()}}
		for _, kind := range password.Kinds() {
			r.HashQueue.Waiting += queue.Waiting(kind)
		}
		for name, pool := range db.Pools() {
			stats := pool.Stats()
			r.Pools = append(r.Pools, system.Pool{
				Name: name, Use: system.Use{InUse: stats.InUse, Limit: stats.MaxOpenConnections}, Waiting: db.Waiting(name),
			})
		}
		slices.SortFunc(r.Pools, func(a, b system.Pool) int { return cmp.Compare(b.Name, a.Name) }) // public first
		return r
	}
}

// state returns what reads how many secrets are in force, and how old they are.
func (k keys) state(cfg *config) func() system.Secrets {
	signing := cfg.JWTSecret
	if cfg.signing.alg != token.HS256 {
		signing = cfg.signing.key
	}
	return func() system.Secrets {
		return system.Secrets{
			Signing:  system.Secret{ChangedAt: changedAt(signing), Others: k.ring.Len() - 1},
			Internal: system.Secret{ChangedAt: changedAt(cfg.internalSecret), Others: k.internal.Len() - 1},
		}
	}
}

func changedAt(s *env.Secret) *time.Time {
	if at, known := s.ChangedAt(); known {
		return &at
	}
	return nil
}
