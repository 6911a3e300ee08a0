package sim

import (
	"slices"
	"sync"
	"time"
)

// Traffic is how many requests came to a provider, and the most of them within any second and any minute, by the real
// clock: what a vendor counts.
type Traffic struct {
	Provider      string `json:"provider"`
	Requests      int    `json:"requests"`
	MostInASecond int    `json:"mostInASecond"`
	MostInAMinute int    `json:"mostInAMinute"`
}

// meter counts the requests to a provider.
type meter struct {
	last []time.Time // requests of the last minute
	seen Traffic
}

// count adds a request, and says how many came in the second and in the minute that end with it.
func (m *meter) count(at time.Time) (second, minute int) {
	m.last = append(slices.DeleteFunc(m.last, func(t time.Time) bool { return !t.After(at.Add(-time.Minute)) }), at)
	for _, t := range m.last {
		if t.After(at.Add(-time.Second)) {
			second++
		}
	}
	minute = len(m.last)
	m.seen.Requests++
	m.seen.MostInASecond, m.seen.MostInAMinute = max(m.seen.MostInASecond, second), max(m.seen.MostInAMinute, minute)
	return second, minute
}

// traffic is what came to all providers.
type traffic struct {
	mu         sync.Mutex
	byProvider map[string]*meter
}

func (t *traffic) count(provider string, at time.Time) (second, minute int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byProvider == nil {
		t.byProvider = map[string]*meter{}
	}
	m := t.byProvider[provider]
	if m == nil {
		m = &meter{seen: Traffic{Provider: provider}}
		t.byProvider[provider] = m
	}
	return m.count(at)
}

// Traffic is what came to a provider so far, whatever was answered.
func (s *Sim) Traffic(provider string) Traffic {
	s.traffic.mu.Lock()
	defer s.traffic.mu.Unlock()
	if m := s.traffic.byProvider[provider]; m != nil {
		return m.seen
	}
	return Traffic{Provider: provider}
}

// allTraffic lists that of all providers by their names.
func (s *Sim) allTraffic() []Traffic {
	s.traffic.mu.Lock()
	defer s.traffic.mu.Unlock()
	list := []Traffic{}
	for _, m := range s.traffic.byProvider {
		list = append(list, m.seen)
	}
	slices.SortFunc(list, func(x, y Traffic) int {
		if x.Provider < y.Provider {
			return -1
		}
		return 1
	})
	return list
}
