package memory_test

import (
	"testing"

	"transition/runner/store"
	"transition/runner/store/memory"
	"transition/runner/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(_ *testing.T, m store.Meta) store.Store { return memory.New(m) }, nil)
}
