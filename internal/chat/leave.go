package chat

// EndAll ends the answers that this process writes for a person whose conversations are gone. Other processes find out
// when they store the next piece.
func (s *Service) EndAll(userID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, run := range s.runs {
		if run.userID == userID {
			run.cancel(errDeleted)
		}
	}
}
