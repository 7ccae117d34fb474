package planstest

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// Enrich adds at random what a runner meets in the world, and a planner alone
// need not be shown: polls, probes, limits and timeouts, approvals, consent and
// postponement, breakers, batches that wait for another one, more recipients, and
// messages on events. It comes before any edit.
func (d *Draft) Enrich(rt *rapid.T) {
	d.recipients = rapid.IntRange(1, 2).Draw(rt, "recipients")
	d.top += "limit \"one\" { max_in_flight = 1 }\n"
	for i := range d.phases {
		for j := range d.phases[i].items {
			it := &d.phases[i].items[j]
			switch it.kind() {
			case "work":
				d.enrichWork(rt, it)
			case "lock":
				it.add(some(rt, lockOptions))
			}
		}
	}
	d.enrichPhases(rt)
	d.enrichBatches(rt)
	d.head += one(rt, "consent", consents) + one(rt, "postpone", []string{"", "  postpone { max = 2 }\n"})
	d.top += some(rt, eventMessages)
}

func (d *Draft) enrichWork(rt *rapid.T, it *item) {
	it.block = strings.Replace(it.block, undoBlock, strings.Replace(undoBlock, "    }\n", one(rt, "undo", undoOptions)+"    }\n", 1), 1)
	it.add(some(rt, workOptions))
}

// enrichPhases asks a person before the copy, and counts the last phase in hours.
func (d *Draft) enrichPhases(rt *rapid.T) {
	last := &d.phases[len(d.phases)-1]
	if last.hours = rapid.Bool().Draw(rt, "hours"); last.hours {
		last.days = 2
	}
	if text := one(rt, "approval", approvals); text != "" {
		last := &d.phases[2]
		last.items = append([]item{{"go", text}}, last.items...)
	}
}

func (d *Draft) enrichBatches(rt *rapid.T) {
	for i := range d.batches {
		d.batches[i].breaker = one(rt, "breaker", breakers)
	}
	d.batches[1].waits = rapid.IntRange(0, 3).Draw(rt, "waits") == 0
}

// one draws one of several texts.
func one(rt *rapid.T, label string, of []string) string { return rapid.SampledFrom(of).Draw(rt, label) }

// some draws each of several texts one time in three.
func some(rt *rapid.T, of []string) string {
	var b strings.Builder
	for _, text := range of {
		if rapid.IntRange(0, 2).Draw(rt, "option") == 0 {
			b.WriteString(text)
		}
	}
	return b.String()
}

// kind is the word that the block of an item begins with.
func (it *item) kind() string {
	word, _, _ := strings.Cut(strings.TrimSpace(it.block), " ")
	return word
}

// add adds lines to the block of an item.
func (it *item) add(lines string) { it.block = strings.TrimSuffix(it.block, "  }\n") + lines + "  }\n" }

const probeBlock = `    probe {
      done = result.exit_code == 0
      not_done = result.exit_code == 1
      exec { command = ["probe", tenant.id] }
    }
`

const pollBlock = `    poll {
      every = "1h"
      timeout = "12h"
      done = result.exit_code == 0
      failed = result.exit_code == 3
      exec { command = ["poll", tenant.id] }
    }
`

var (
	workOptions = []string{
		"    timeout = \"40m\"\n", "    limit = limit.one\n", "    delivery = \"at_least_once\"\n", probeBlock, pollBlock,
	}
	undoOptions = []string{"", "", probeBlock, pollBlock, probeBlock + pollBlock}
	lockOptions = []string{probeBlock, "    release_by = \"T+4d\"\n"}
	approvals   = []string{"", "", "  approval \"go\" {}\n", "  approval \"go\" { expires = \"T-2d\" }\n"}
	breakers    = []string{"", "", "  breaker { max_errors = 0 }\n", "  breaker {\n    max_error_ratio = \"50%\"\n    min_sample = 2\n  }\n"}
	consents    = []string{
		"", "", "", "  consent { mode = \"opt_in\" }\n",
		"  consent {\n    mode = \"opt_in\"\n    no_answer = \"withdraw\"\n  }\n",
		"  consent {\n    mode = \"opt_out\"\n    opt_out_after = \"5d\"\n  }\n",
		"  consent {\n    mode = \"both\"\n    opt_out_after = \"5d\"\n  }\n",
	}
)

// Aside is what the names of messages begin with that are sent on events and say
// nothing of T.
const Aside = "aside-"

var eventMessages = []string{
	eventMessage("moved", "rescheduled", "From ${old_T} to ${T}."), eventMessage("off", "withdrawn", "Not on ${old_T}."),
	eventMessage("back", "rolled_back", "Not on ${old_T}."),
	eventMessage(Aside+"held", "held", "Held."), eventMessage(Aside+"missed", "missed", "Missed."),
	eventMessage(Aside+"error", "error", "An error."), eventMessage(Aside+"done", "completed", "Done."),
}

func eventMessage(name, on, body string) string {
	to := ""
	if strings.HasPrefix(name, Aside) {
		to = "  to = split(\" \", tenant.email)\n"
	}
	return fmt.Sprintf("communication %q {\n  on = %q\n  channel = channel.maildir.post\n%s  subject = \"s\"\n  body = %q\n}\n", name, on, to, body)
}
