package schema

import (
	"time"

	"transition/schema/diag"
	"transition/schema/toffset"
)

// Phase is one stage of a tenant's way.
type Phase struct {
	Name  string
	Index int // in Config.Phases, the order in which phases run
	Range diag.Range

	// Opens is nil for the one phase without an offset: the first.
	Opens *toffset.Offset
	// Closes is nil for the last phase. It is the next phase's Opens unless
	// the plan says otherwise.
	Closes          *toffset.Offset
	LatestStart     *toffset.Offset // binds the first attempt of each tenant in this phase
	MustEnd         *toffset.Offset
	PointOfNoReturn bool
	Hard            bool // gate: who enters it must have completed every earlier hard phase
	OnInsert        OnInsert
	Items           []*Item
	LatestRange     diag.Range // of latest_start
}

// Locks reports whether the phase takes a lock.
func (p *Phase) Locks() bool {
	for _, it := range p.Items {
		if _, ok := it.Does.(*Lock); ok {
			return true
		}
	}
	return false
}

// NeedsNotice reports whether a tenant must have been told before it enters.
func (p *Phase) NeedsNotice() bool { return p.PointOfNoReturn || p.Locks() }

// OnInsert says what becomes of a new item for tenants that have passed its phase.
type OnInsert uint8

// The values of the attribute on_insert.
const (
	InsertSkip OnInsert = iota + 1
	InsertRun
	InsertHold
)

// EventPhase is the name that stands for a phase in the addresses of messages
// that are sent when something happens: TENANT/on/NAME.
const EventPhase = "on"

// ConsentPhase and ConsentItem make the address under which a tenant's answer to
// being moved is recorded: TENANT/consent/answer. ConsentKey is both.
const (
	ConsentPhase = "consent"
	ConsentItem  = "answer"
	ConsentKey   = ConsentPhase + "/" + ConsentItem
)

// Event is what a communication without an offset is sent on.
type Event string

// The events.
const (
	OnPlaced      Event = "placed"
	OnRescheduled Event = "rescheduled"
	OnWithdrawn   Event = "withdrawn"
	OnRolledBack  Event = "rolled_back"
	OnHeld        Event = "held"
	OnMissed      Event = "missed"
	OnError       Event = "error"
	OnCompleted   Event = "completed"
)

// OnReschedule says what those get who have had a message when T changes.
type OnReschedule uint8

// The values of the attribute on_reschedule.
const (
	RescheduleCorrect OnReschedule = iota + 1 // a correction, if they were told a date
	RescheduleResend                          // a correction, and the message again in its new time
	RescheduleIgnore                          // nothing: it leaves nobody with a T that we answer for
)

// Late says what happens to an item whose window has passed.
type Late uint8

// The values of the attribute late.
const (
	LateHold     Late = iota + 1 // it is missed: a person decides
	LateRun                      // it runs all the same
	LateSkip                     // it is left out
	LateCollapse                 // communications: it joins what else goes to the same recipients
)

// Item is one thing to do for each tenant in a phase.
type Item struct {
	Name  string
	Index int // in Config.Items
	Phase *Phase
	Range diag.Range

	At        *toffset.Offset // nil: when the phase opens
	LateUntil *toffset.Offset // nil: when the phase closes
	Late      Late
	When      Expr[bool]
	After     []*Item // of the same phase; the phase's approvals are included
	Retry     *Retry  // never nil
	Limit     *Limit  // may be nil
	Does      Doing

	// Digest covers what the item does and under which rules, with all that it
	// uses of the plan, but not its offset, its name, comments and blank space. Of
	// an item of Config.Events it is zero.
	Digest [32]byte
}

// Key is the item's part of an address: PHASE/ITEM.
func (i *Item) Key() string { return i.Phase.Name + "/" + i.Name }

// Kind is the name of the block that the item is written as.
func (i *Item) Kind() string {
	switch i.Does.(type) {
	case *Communication:
		return "communication"
	case *Work:
		return "work"
	case *Lock:
		return "lock"
	case *Approval:
		return "approval"
	default:
		return "item" // what it does could not be read
	}
}

// Doing is what an item does. The set is closed: *Communication, *Work, *Lock,
// *Approval.
type Doing interface{ doing() }

func (*Communication) doing() {}
func (*Work) doing()          {}
func (*Lock) doing()          {}
func (*Approval) doing()      {}

// Communication is a message to people at a tenant.
type Communication struct {
	Channel *Channel
	To      Expr[[]string]
	Cc      Expr[[]string]
	Bcc     Expr[[]string]
	ReplyTo Expr[string]
	Message *Message
	Notice  bool // a success counts as a notice of the announced T
	// TellsT: it needs T. Notices do, and texts that name T.
	TellsT       bool
	OnReschedule OnReschedule
	// On is empty but for communications of Config.Events.
	On Event
	// Builtin marks an event for which the plan has no text: OnRescheduled,
	// OnWithdrawn and OnRolledBack. It has neither a channel nor recipients of
	// its own: it goes to those who were told a date, as they were told.
	Builtin bool
}

// Binds reports whether whoever gets the message holds T from us, and is told when
// T changes.
func (c *Communication) Binds() bool {
	return (c.TellsT || c.Notice || c.On == OnRescheduled) && c.OnReschedule != RescheduleIgnore
}

// Work is a command or a request.
type Work struct {
	Effect Effect
	Poll   *Poll  // nil: it has ended when its effect has
	Probe  *Probe // nil: nothing tells whether it has happened
	Undo   *Undo  // nil: there is nothing to undo
}

// Undo takes work back that was done.
type Undo struct {
	Effect Effect
	Poll   *Poll  // as of Work
	Probe  *Probe // as of Work
	Retry  *Retry // never nil
	Range  diag.Range
}

// Lock is an obligation: what acquire has begun, release must end.
type Lock struct {
	Acquire   Effect
	Release   Effect
	Probe     *Probe // says whether the lock is taken; may be nil
	ReleaseIn *Phase
	// ReleaseAfter are items of ReleaseIn that the release waits for.
	ReleaseAfter []*Item
	ReleaseBy    *toffset.Offset // an alarm, not an action; may be nil
	DischargedBy *Item           // work whose success ends the obligation; may be nil
}

// Approval waits for a person's yes.
type Approval struct {
	By      []string // who may answer; empty: anybody
	Prompt  Expr[string]
	Expires *toffset.Offset // nil: never
	Ask     *Ask            // nil: nobody is written to
}

// Ask is the message that asks for an approval.
type Ask struct {
	Channel *Channel
	To      Expr[[]string]
}

// Delivery is the promise about an effect whose outcome is unknown.
type Delivery uint8

// The values of the attribute delivery.
const (
	AtMostOnce  Delivery = iota + 1 // a person decides
	AtLeastOnce                     // it is tried again with the same key
)

// Effect is what reaches the outside world. The set is closed: *Exec, *HTTP.
type Effect interface{ effect() }

func (*Exec) effect() {}
func (*HTTP) effect() {}

// Exec runs a command: an argv list, never a shell string.
type Exec struct {
	Command Expr[[]string]
	// Bare are the arguments, by index, that are a tenant's attribute and nothing
	// else, with no "--" before them: the program may take one for an option.
	Bare         []int
	Env          Expr[map[string]string]
	Dir          Expr[string] // relative to the plan directory
	SuccessCodes []int
	RetryCodes   []int
	UnknownCodes []int
	Timeout      time.Duration
	Delivery     Delivery
	Range        diag.Range
}

// HTTP sends one request.
type HTTP struct {
	Method        string
	URL           Expr[string]
	Headers       Expr[map[string]string]
	Body          Expr[string]
	SuccessStatus []int // empty: every 2xx
	RetryStatus   []int // beyond those that effects are retried on anyway
	Timeout       time.Duration
	Delivery      Delivery
	Range         diag.Range
}

// Channel is a way to reach people. Exactly one of SMTP and Maildir is set.
type Channel struct {
	Kind, Name string // the labels of its block
	From       Expr[string]
	SMTP       *SMTP
	Maildir    *Maildir
	Range      diag.Range
}

// TLS is how an SMTP connection is protected.
type TLS uint8

// The values of the attribute tls.
const (
	TLSRequired TLS = iota + 1
	TLSOpportunistic
	TLSNone // loopback only
)

// SMTP hands messages to a mail server.
type SMTP struct {
	Host               string
	Port               int
	TLS                TLS
	Username, Password string
	RedirectAllTo      string // every message goes here instead; needed by rehearsals
}

// Maildir writes messages into a directory.
type Maildir struct {
	Path string // relative to the plan directory, or absolute
}

// Message is a text in one or more languages.
type Message struct {
	Path     string           // without ending; empty when written in the plan itself
	Default  *Text            // nil when there are only translations
	ByLocale map[string]*Text // "de", "pt-BR"
}

// Text is a message in one language: Markdown with expressions.
type Text struct {
	Subject Expr[string]
	// Body is Markdown. With Env.Markdown set, foreign values in it are escaped
	// so that a tenant's name can never become markup.
	Body  Expr[string]
	Range diag.Range
}

// For returns the text for a locale: the exact one, else its language's, else
// the default. It is nil when there is none.
func (m *Message) For(locale string) *Text {
	if t, ok := m.ByLocale[locale]; ok {
		return t
	}
	for i := range locale {
		if locale[i] != '-' && locale[i] != '_' {
			continue
		}
		if t, ok := m.ByLocale[locale[:i]]; ok {
			return t
		}
		break
	}
	return m.Default
}
