package internalapitest

import "net/http"

// SetKey sets what is answered about the hash of an API key: the description's example with these members replaced, and the
// present record of the user. The record's keys are set with SetUser.
func (s *AuthService) SetKey(hash string, userID int64, members Members) {
	s.mu.Lock()
	defer s.mu.Unlock()
	opened := set(s.contract.ResponseExample("openKey", http.StatusOK), members)
	s.keys[hash] = set(opened, Members{"user": userID})
}

// RemoveKey makes a hash unknown.
func (s *AuthService) RemoveKey(hash string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, hash)
}

// KeyQuestions is how often an API key was asked about.
func (s *AuthService) KeyQuestions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened
}

func (s *AuthService) open(body []byte) (int, Members) {
	hash, _ := ReadMembers(body)["hash"].(string)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened++
	key, known := s.keys[hash]
	if !known {
		return http.StatusNotFound, s.contract.ResponseExample("openKey", http.StatusNotFound)
	}
	id, _ := key["user"].(int64)
	record, known := s.users[id]
	if !known {
		record = set(copyOf(s.everyone), Members{"user_id": id})
	}
	return http.StatusOK, set(copyOf(key), Members{"user": s.withPlan(copyOf(record))})
}
