package view

import (
	"fmt"
	"strings"

	"transition/plans"
	"transition/schema"
)

// worstItem is the item behind a tenant's bad status; nil: there is none. A tenant
// that does not agree is held, and that is said already.
func worstItem(s *plans.TenantStatus) *plans.ItemStatus {
	var worst *plans.ItemStatus
	rank := 0
	for i := range s.Items {
		r := badness(s.Items[i].State)
		if s.Items[i].Outlives {
			r = badness(plans.ItemRetrying)
		}
		if r > rank && s.Items[i].Answers == (plans.Answers{}) {
			worst, rank = &s.Items[i], r
		}
	}
	return worst
}

func badness(s plans.ItemState) int {
	switch s {
	case plans.ItemUnknown:
		return 4
	case plans.ItemFailed:
		return 3
	case plans.ItemMissed:
		return 2
	case plans.ItemRetrying:
		return 1
	default:
		return 0
	}
}

// itemWords is where an item stands: "retrying, attempt 4 of 8 at 03:11; last
// exit 75".
func itemWords(it *plans.ItemStatus, w wall) string {
	words := string(it.State)
	if it.State == plans.ItemRetrying {
		words = fmt.Sprintf("attempt %d of %d", it.Attempts+1, max(it.MaxAttempts, it.Attempts+1))
		if !it.NextAttempt.IsZero() {
			words += " at " + w.brief(it.NextAttempt)
		}
	}
	if it.Reason != "" {
		words += "; " + clean(it.Reason)
	}
	if it.State == plans.ItemRunning && !it.NextAttempt.IsZero() {
		words += "; asked again " + w.brief(it.NextAttempt)
	}
	return words
}

// stateMark is a state's word, coloured.
func (s Screen) stateMark(state plans.ItemState) string {
	switch {
	case state == plans.ItemRetrying:
		return s.paint(yellow, string(state))
	case badness(state) > 0:
		return s.paint(red, string(state))
	case state == plans.ItemDone:
		return s.paint(green, string(state))
	case state == plans.ItemDue, state == plans.ItemRunning:
		return s.paint(cyan, string(state))
	default:
		return s.paint(faint, string(state))
	}
}

// statusMark is a status' word, coloured.
func (s Screen) statusMark(status plans.PhaseStatus) string {
	switch status {
	case plans.Error:
		return s.paint(red, status.String())
	case plans.Warning:
		return s.paint(yellow, status.String())
	case plans.Complete:
		return s.paint(green, status.String())
	default:
		return status.String()
	}
}

// approvals are the items, by PHASE/ITEM, that people answer.
type approvals map[string]bool

func approvalsOf(cfg *schema.Config) approvals {
	all := make(approvals)
	for _, it := range cfg.Items {
		if _, ok := it.Does.(*schema.Approval); ok {
			all[it.Key()] = true
		}
	}
	return all
}

// open reports whether an item is an approval that a person can answer now.
func (all approvals) open(s *plans.TenantStatus, it *plans.ItemStatus, w wall) bool {
	if !all[it.Phase+"/"+it.Item] || s.Held != nil || it.At.IsZero() || it.At.After(w.now) {
		return false
	}
	return it.State == plans.ItemWaiting || it.State == plans.ItemDue || it.State == plans.ItemRunning
}

// saying is an item's reason; where it is that of a person's hold, it says so.
func saying(s *plans.TenantStatus, it *plans.ItemStatus) string {
	if s.Held != nil && s.Held.By != "" && it.Reason != "" && it.Reason == s.Held.Reason {
		return "held " + byWhom(s.Held.By) + ": " + quoted(it.Reason)
	}
	return clean(it.Reason)
}

// answerFor is the command that moves an item on; empty when time will.
func (all approvals) answerFor(s *plans.TenantStatus, it *plans.ItemStatus, w wall) string {
	address := strings.Join([]string{s.ID, it.Phase, it.Item}, "/")
	switch {
	case it.Answers != plans.Answers{}:
		return consentAnswer(it.Answers, address)
	case it.State == plans.ItemUnknown:
		return Answer(plans.WaitUnknown, address)
	case it.State == plans.ItemFailed:
		return Answer(plans.WaitError, address)
	case it.State == plans.ItemMissed:
		return anew(address, it.Final, it.Movable)
	case all.open(s, it, w):
		return Answer(plans.WaitApproval, address)
	default:
		return ""
	}
}
