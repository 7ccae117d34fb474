package action

import (
	"context"

	"transition/schema/secret"
)

// Redact is an executor whose outcomes hold none of the secrets: each is
// replaced in the reason and in every text of the evidence.
func Redact(next Executor, secrets *secret.Scrubber) Executor {
	if secrets == nil {
		return next
	}
	return &redactor{next, secrets}
}

type redactor struct {
	next    Executor
	secrets *secret.Scrubber
}

func (r *redactor) Do(ctx context.Context, req Request) Outcome {
	out := r.next.Do(ctx, req)
	e := &out.Evidence
	for _, text := range []*string{&out.Reason, &e.Reply, &e.Output, &e.Message, &e.Digest} {
		*text = r.secrets.Clean(*text)
	}
	return out
}
