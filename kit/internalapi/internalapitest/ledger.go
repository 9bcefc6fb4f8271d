package internalapitest

import (
	"net/http"
	"slices"
)

// Refuse makes every call of an operation fail with this status, until it is set to 0. The body is the description's
// example.
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

// Lease sets the function that grants leases. The members that it returns replace those of the description's example.
func (s *AuthService) Lease(grant func(request Members) (lease Members)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lease = func(request Members) Members {
		return set(s.contract.ResponseExample("leaseCalls", http.StatusOK), grant(request))
	}
}

// Batches returns the batches of usage that were received.
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

// Report returns the last report of a gateway, or nil.
func (s *AuthService) Report(gateway string) Members {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reports[gateway]
}

func (s *AuthService) keepReport(gateway string, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reports[gateway] = ReadMembers(body)
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
