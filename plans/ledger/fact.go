// Package ledger holds what is known to have happened: facts, which are
// appended and never change, and the record of a tenant, which is what its facts
// add up to.
//
// Record.Apply is the only place that says what a fact means. The store runs it
// on facts that happened, the planner on facts that would follow from success.
package ledger

import (
	"time"
)

// Kind is the kind of a fact.
type Kind string

// The kinds of facts. The words are stored; they never change.
const (
	Enrolled  Kind = "enrolled"  // the tenant was seen in an inventory for the first time
	Placed    Kind = "placed"    // it got a batch and with it a T
	Began     Kind = "began"     // an attempt is about to have its effect
	Succeeded Kind = "succeeded" // an attempt has had its effect
	Failed    Kind = "failed"    // it had no effect; Next is set when it will be tried again
	Unknown   Kind = "unknown"   // nobody knows whether it had its effect
	Skipped   Kind = "skipped"   // the item will not happen, by the plan's own rule
	Collapsed Kind = "collapsed" // the item went out as a section of the message of item Into
	Missed    Kind = "missed"    // its window passed before it began
	Asked     Kind = "asked"     // an approval was opened
	Approved  Kind = "approved"  // a person said yes
	Rejected  Kind = "rejected"  // a person said no
	Expired   Kind = "expired"   // nobody answered in time
	Resolved  Kind = "resolved"  // a person said what became of an item; see Answer
	Held      Kind = "held"      // a person stopped the tenant; of batch.NAME: its breaker opened
	Resumed   Kind = "resumed"   // a person let it go on

	Rescheduled Kind = "rescheduled" // its T changed, and with it its epoch; without T: it has no date any more
	Moved       Kind = "moved"       // it got another batch or zone, and kept its T
	Postponed   Kind = "postponed"   // a person asked for another T on its behalf
	Withdrawn   Kind = "withdrawn"   // it left the transition
	RolledBack  Kind = "rolled_back" // a person asked that it goes back to where it was

	Consented Kind = "consented" // the tenant agreed to be moved
	Objected  Kind = "objected"  // the tenant does not agree
	Reset     Kind = "reset"     // a person let a batch go on whose breaker was open; Tenant is batch.NAME
	Polled    Kind = "polled"    // the work goes on by itself: it was asked about, or has just been started
	Probed    Kind = "probed"    // it was asked whether an attempt of unknown outcome has happened; see Answer
	Replaced  Kind = "replaced"  // a person wants an item that is done once more
	Renamed   Kind = "renamed"   // the item, or without one the tenant, is called Into from now on; or was Source until now
	Restored  Kind = "restored"  // the state was restored from a copy; Tenant is StateID. See Record.Restoration
	Imported  Kind = "imported"  // it had happened before the tool came, as a person says; see State
)

// Answer is what a person says of an item in a Resolved fact, or a probe of an
// attempt in a Probed one.
type Answer string

// The answers.
const (
	AnswerDone    Answer = "done"    // it has happened
	AnswerRetry   Answer = "retry"   // it has not: do it, with a new budget of attempts
	AnswerWaive   Answer = "waive"   // go on without it
	AnswerBounced Answer = "bounced" // the message did not arrive after all

	// AnswerNotDone is, beside AnswerDone, what a probe says: it has not happened.
	// Next is set when it will be tried again. Without an answer, Next is when the
	// probe is asked again.
	AnswerNotDone Answer = "not_done"
)

// Was is the state that an Imported fact gives to an item.
type Was string

// The states that can be imported.
const (
	WasDone    Was = "done"    // it had happened; of a lock: it was taken and given back
	WasLocked  Was = "locked"  // of a lock: it was taken, and is held
	WasSkipped Was = "skipped" // it did not happen, by a rule
	WasWaived  Was = "waived"  // it did not happen, by somebody's word
)

// Op is the half of an item that an attempt is about.
type Op string

// The operations. Only locks and work have more than one.
const (
	Run     Op = "run"     // work
	Send    Op = "send"    // a communication
	AskOp   Op = "ask"     // the message that asks for an approval
	Acquire Op = "acquire" // a lock
	Release Op = "release" // a lock
	Undo    Op = "undo"    // work
)

// Fact is one thing that happened. Facts are appended and never recomputed.
type Fact struct {
	Seq    int64     `json:"seq"` // position in the history of the whole state; set by the store
	At     time.Time `json:"at"`  // UTC
	Tenant string    `json:"tenant"`
	Kind   Kind      `json:"kind"`
	Item   string    `json:"item,omitempty"` // PHASE/ITEM
	Epoch  int       `json:"epoch,omitempty"`

	// Of attempts.
	Op        Op     `json:"op,omitempty"`
	Recipient string `json:"recipient,omitempty"` // of a communication
	// Recipients are all that a communication goes to now. Set in a Began when
	// there are several, or others than before; in a Skipped, those who are not
	// among them any more are given up, and nothing else.
	Recipients []string   `json:"recipients,omitempty"`
	Attempt    int64      `json:"attempt,omitempty"` // the attempt's id in this state
	No         int        `json:"no,omitempty"`      // the attempt's number within its budget, from 1
	Key        string     `json:"key,omitempty"`     // the idempotency key
	Next       *time.Time `json:"next,omitempty"`    // of Failed: when it is tried again; of Polled and Probed: asked
	Evidence   Evidence   `json:"evidence,omitzero"`
	Notice     bool       `json:"notice,omitempty"`    // of Began, Resolved: a success counts as a notice
	Announced  *time.Time `json:"announced,omitempty"` // of Began, Resolved: the T that the message tells
	// NotBegun marks a failure that certainly had no effect at all, as when a
	// command could not be started. A lock that failed so leaves no obligation.
	NotBegun bool `json:"not_begun,omitempty"`

	// Round is, of Succeeded, Failed and Unknown, the round of the breaker of the
	// tenant's batch in which it counts: how often that was reset, plus one. 0: it
	// does not count. Of Reset, the round that begins.
	Round int `json:"round,omitempty"`

	// Undone marks the Began of a release that gives a lock back before its time:
	// from its success on the lock no longer counts as taken.
	Undone bool `json:"undone,omitempty"`

	// Afresh marks the Began of what takes an item back as if it had never begun:
	// from its success on, the item waits for its time like any other.
	Afresh bool `json:"afresh,omitempty"`
	// CalledOff marks the Began of a message that says of every earlier date that
	// it does not hold any more, and names no other.
	CalledOff bool `json:"called_off,omitempty"`
	// Row is, of Withdrawn, what the inventory last said of the tenant. Stays: what
	// was done for the tenant stays, and the date that it was told is not called off.
	Row   map[string]string `json:"row,omitempty"`
	Stays bool              `json:"stays,omitempty"`
	// TakesBack marks a Resumed that makes unsaid that the tenant was withdrawn, or
	// rolled back: nothing had come of it.
	TakesBack bool `json:"takes_back,omitempty"`
	// Known is, of Renamed, what was known of the tenant under the id Source.
	Known *Known `json:"known,omitempty"`

	// Apart marks an Enrolled, Placed, Moved, Rescheduled or Withdrawn by an apply
	// of a part of a plan that was not adopted.
	Apart bool `json:"apart,omitempty"`
	// State, of Imported, and Source: where it was read, as FILE:LINE, or the id
	// that the tenant had. Said is when; At is when it happened.
	State  Was        `json:"state,omitempty"`
	Source string     `json:"source,omitempty"`
	Said   *time.Time `json:"said,omitempty"`

	// Of placements.
	Batch string     `json:"batch,omitempty"`
	T     *time.Time `json:"t,omitempty"` // of Restored: when the newest fact of the copy happened
	Zone  string     `json:"zone,omitempty"`
	// Renames: Batch is only another name of the batch that the tenant has.
	Renames bool `json:"renames,omitempty"`

	Into   string     `json:"into,omitempty"`   // of Collapsed: PHASE/ITEM of the message; of Renamed: the new name
	Answer Answer     `json:"answer,omitempty"` // of Resolved, Probed
	Until  *time.Time `json:"until,omitempty"`  // of Held; of Restored: the end of what is lost
	By     string     `json:"by,omitempty"`     // who, for everything that a person does
	Reason string     `json:"reason,omitempty"`
}

// Evidence is what an effect left behind. Texts are cut to a bounded tail and
// cleaned of control characters and secrets before they come here.
type Evidence struct {
	ExitCode *int   `json:"exit_code,omitempty"`
	Status   int    `json:"status,omitempty"`  // of HTTP and SMTP
	Reply    string `json:"reply,omitempty"`   // the server's last words
	Output   string `json:"output,omitempty"`  // the tail of what a command printed
	Message  string `json:"message,omitempty"` // Message-ID
	Digest   string `json:"digest,omitempty"`  // SHA-256 of the message or the command as sent
}
