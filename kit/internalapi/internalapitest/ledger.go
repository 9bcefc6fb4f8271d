package internalapitest

import (
	"net/http"
	"slices"
)

// Refuse makes all calls of an operation get the description's example of a problem with this status; 0 ends that.
func (s *AuthService) Refuse(operation string, status int) {
	s.contract.operation(operation) // it panics if there is none
	s.mu.Lock()
	defer s.mu.Unlock()
	if status == 0 {
		delete(s.refusals, operation)
	} else {
		s.refusals[operation] = status
	}
}

// BecomeNewer makes every object of every response have members that this version does not know.
func (s *AuthService) BecomeNewer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newer = true
}

// Lease says which members of a lease are not those of the description's example.
func (s *AuthService) Lease(grant func(request Members) (lease Members)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lease = func(request Members) Members {
		return set(s.contract.ResponseExample("leaseCalls", http.StatusOK), grant(request))
	}
}

// Batches are the batches of usage that have come.
func (s *AuthService) Batches() []Members {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.batches)
}

// Ended are the gateways whose leases were given back, in the order of the calls.
func (s *AuthService) Ended() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ended)
}

// keep keeps a batch, unless nothing is validated: a benchmark delivers for hours.
func (s *AuthService) keep(body []byte) {
	if s.report == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches = append(s.batches, ReadMembers(body))
}

func (s *AuthService) grant(body []byte) Members {
	s.mu.Lock()
	lease := s.lease
	s.mu.Unlock()
	return lease(ReadMembers(body))
}

func (s *AuthService) end(gateway string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = append(s.ended, gateway)
}
