package mail

import "testing"

func BenchmarkCompose(b *testing.B) {
	m := example()
	for b.Loop() {
		if _, err := Compose(m); err != nil {
			b.Fatal(err)
		}
	}
}
