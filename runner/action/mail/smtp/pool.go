package smtp

import (
	"context"
	"slices"
	"sync"
)

// pool keeps connections between messages, the latest on top.
type pool struct {
	opts Options

	mu     sync.Mutex
	kept   []*session
	closed bool
	timers sync.WaitGroup // idle timers that have not ended
}

func newPool(opts Options) *pool { return &pool{opts: opts} }

// take gives a kept session, or nil. The server may have hung up meanwhile.
func (p *pool) take() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.kept) == 0 {
		return nil
	}
	s := p.kept[len(p.kept)-1]
	p.kept = p.kept[:len(p.kept)-1]
	p.stop(s)
	return s
}

// put keeps a session, or reports that it does not want it.
func (p *pool) put(s *session) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.kept) >= p.opts.MaxIdle {
		return false
	}
	p.kept = append(p.kept, s)
	p.timers.Add(1)
	s.unkeep = after(context.Background(), p.opts.Idle, func() {
		defer p.timers.Done()
		p.expire(s)
	})
	return true
}

// stop ends a session's idle timer; one that has fired ends by itself.
func (p *pool) stop(s *session) {
	if s.unkeep() {
		p.timers.Done()
	}
}

// expire ends a session that nobody has wanted for a while.
func (p *pool) expire(s *session) {
	p.mu.Lock()
	i := slices.Index(p.kept, s)
	if i >= 0 {
		p.kept = slices.Delete(p.kept, i, i+1)
	}
	p.mu.Unlock()
	if i >= 0 {
		s.quit()
	}
}

// close ends all kept sessions at the same time, and waits for that.
func (p *pool) close() {
	p.mu.Lock()
	kept := p.kept
	p.kept, p.closed = nil, true
	for _, s := range kept {
		p.stop(s)
	}
	p.mu.Unlock()

	var goodbyes sync.WaitGroup
	for _, s := range kept {
		goodbyes.Go(s.quit)
	}
	goodbyes.Wait()
	p.timers.Wait()
}
