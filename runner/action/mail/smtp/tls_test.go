package smtp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"transition/runner/action"
	"transition/schema"
)

// authority makes a certificate for host, and the pool that believes it.
func authority(t testing.TB, host string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "test"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IsCA:         true, BasicConstraintsValid: true,
		DNSNames: []string{host},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.DNSNames, template.IPAddresses = nil, []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}

// secure goes over to TLS; a client that does not like it hangs up.
func (p *peer) secure(cert tls.Certificate) bool {
	conn := tls.Server(p.conn, &tls.Config{Certificates: []tls.Certificate{cert}})
	err := conn.HandshakeContext(p.t.Context())
	*p = *newPeer(p.t, conn)
	return err == nil
}

// starttls plays a server up to TLS and the EHLO after it.
func (p *peer) starttls(cert tls.Certificate, ext ...string) bool {
	p.upTo("EHLO")
	p.say("250-mx.example", "250 STARTTLS")
	p.hear("STARTTLS")
	p.say("220 go ahead")
	if !p.secure(cert) {
		return false
	}
	p.hear("EHLO")
	p.say(append([]string{"250-mx.example"}, append(ext, "250 HELP")...)...)
	return true
}

// rest takes a message from MAIL on.
func (p *peer) rest() {
	p.hear("MAIL")
	p.say("250 ok")
	p.hear("RCPT")
	p.say("250 ok")
	p.hear("DATA")
	p.say("354 go ahead")
	p.body()
	p.say("250 ok")
	p.farewell()
}

func TestTLS(t *testing.T) {
	const host = "mx.contoso.example"
	cert, roots := authority(t, host)
	other, _ := authority(t, "mx.evil.example")
	tlsOK := func(p *peer) {
		if p.starttls(cert) {
			p.rest()
		}
	}
	untrusted := func(p *peer) {
		if p.starttls(other) {
			t.Error("the client believed a foreign certificate")
		}
	}
	plain := func(p *peer) {
		p.upTo("EHLO")
		p.say("250 mx.example")
		if l := p.line(); strings.HasPrefix(l, "MAIL") {
			p.say("250 ok")
			p.hear("RCPT")
			p.say("250 ok")
			p.hear("DATA")
			p.say("354 go ahead")
			p.body()
			p.say("250 ok")
			p.farewell()
		}
	}
	implicit := func(p *peer) {
		if p.secure(cert) {
			p.upTo("EHLO")
			p.say("250-mx.example", "250 STARTTLS") // never used inside TLS
			p.rest()
		}
	}
	injected := func(p *peer) {
		p.upTo("EHLO")
		p.say("250-mx.example", "250 STARTTLS")
		p.hear("STARTTLS")
		p.say("220 go ahead", "250-mx.example", "250 AUTH PLAIN")
		p.line()
	}
	refusing := func(p *peer) {
		p.upTo("EHLO")
		p.say("250-mx.example", "250 STARTTLS")
		p.hear("STARTTLS")
		p.say("454 4.7.0 TLS not available")
		p.line()
	}
	ok := want{class: action.Succeeded, status: 250}
	for name, tc := range map[string]struct {
		mode   schema.TLS
		port   int
		script func(*peer)
		want   want
	}{
		"required":                    {schema.TLSRequired, 587, tlsOK, ok},
		"required, stripped":          {schema.TLSRequired, 587, plain, want{class: action.Retryable, reason: "offers no TLS"}},
		"required, foreign":           {schema.TLSRequired, 587, untrusted, want{class: action.Retryable, reason: "certificate does not hold"}},
		"required, unavailable":       {schema.TLSRequired, 587, refusing, want{action.Retryable, 454, "STARTTLS: the server answered 454"}},
		"opportunistic":               {schema.TLSOpportunistic, 25, tlsOK, ok},
		"opportunistic, not offered":  {schema.TLSOpportunistic, 25, plain, ok},
		"opportunistic, foreign":      {schema.TLSOpportunistic, 25, untrusted, want{class: action.Retryable, reason: "certificate does not hold"}},
		"words from before TLS":       {schema.TLSRequired, 587, injected, want{class: action.Retryable, reason: "before it was asked"}},
		"port 465":                    {schema.TLSRequired, 465, implicit, ok},
		"port 465, foreign":           {schema.TLSRequired, 465, func(p *peer) { p.secure(other) }, want{class: action.Retryable, reason: "certificate does not hold"}},
		"port 465, server speaks not": {schema.TLSRequired, 465, func(p *peer) { p.say("220 hello, plain"); p.line() }, want{class: action.Retryable, reason: "connecting: the connection was lost"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := schema.SMTP{Host: host, Port: tc.port, TLS: tc.mode}
			e := executor(t, cfg, Options{RootCAs: roots}, server(t, tc.script))
			tc.want.check(t, e.Do(t.Context(), request()))
		})
	}
}

// Whatever happens while the channel is protected or introduced: nothing was sent.
// What the server has against the channel for good is no fault of the message.
func TestFaultsBeforeTheMessage(t *testing.T) {
	const host = "mx.contoso.example"
	cert, roots := authority(t, host)
	for _, phase := range []string{"STARTTLS", "AUTH"} {
		cfg := schema.SMTP{Host: host, Port: 587, TLS: schema.TLSRequired, Username: "ann", Password: password}
		upTo := func(p *peer) bool {
			if phase == "AUTH" {
				return p.starttls(cert, "250-AUTH PLAIN") && p.hear("AUTH PLAIN") != ""
			}
			p.upTo("EHLO")
			p.say("250-mx.example", "250 STARTTLS")
			return p.hear("STARTTLS") != ""
		}
		for name, f := range faults() {
			t.Run(name+" at "+phase, func(t *testing.T) {
				t.Parallel()
				address := server(t, func(p *peer) {
					if upTo(p) {
						f.do(p)
					}
				})
				got := executor(t, cfg, Options{RootCAs: roots}, address).Do(t.Context(), request())
				w := f.before
				w.class = action.Retryable
				w.check(t, got)
				if shut := got.Evidence.Status >= 500; got.Shut != shut || shut && got.RetryAfter != turnedAway {
					t.Errorf("shut is %v, with a retry after %v", got.Shut, got.RetryAfter)
				}
			})
		}
		t.Run("hangs at "+phase, func(t *testing.T) {
			t.Parallel()
			address := server(t, func(p *peer) {
				if upTo(p) {
					p.line()
				}
			})
			o := Options{RootCAs: roots, Command: 300 * time.Millisecond}
			got := executor(t, cfg, o, address).Do(t.Context(), request())
			want{class: action.Retryable, reason: "did not answer in time"}.check(t, got)
		})
	}
}

const password = "correct horse"

func TestAuthentication(t *testing.T) {
	token := base64.StdEncoding.EncodeToString([]byte("\x00ann\x00" + password))
	encoded := base64.StdEncoding.EncodeToString([]byte(password))
	hello := func(p *peer, ext ...string) {
		p.upTo("EHLO")
		p.say(append([]string{"250-mx.example"}, append(ext, "250 HELP")...)...)
	}
	plain := func(p *peer) {
		hello(p, "250-AUTH LOGIN PLAIN")
		p.hear("AUTH PLAIN " + token)
		p.say("235 ok")
		p.rest()
	}
	login := func(p *peer) {
		hello(p, "250-auth login")
		p.hear("AUTH LOGIN")
		p.say("334 VXNlcm5hbWU6")
		p.hear("YW5u")
		p.say("334 UGFzc3dvcmQ6")
		p.hear(encoded)
		p.say("235 ok")
		p.rest()
	}
	answer := func(text string) func(*peer) {
		return func(p *peer) {
			hello(p, "250-AUTH PLAIN")
			p.hear("AUTH PLAIN")
			p.say(text)
			p.line()
		}
	}
	for name, tc := range map[string]struct {
		script func(*peer)
		want   want
	}{
		"PLAIN":        {plain, want{class: action.Succeeded, status: 250}},
		"LOGIN":        {login, want{class: action.Succeeded, status: 250}},
		"535":          {answer("535 5.7.8 bad credentials"), want{action.Retryable, 535, "authentication: the server refuses the authentication: 535"}},
		"530":          {answer("530 5.7.0 must"), want{action.Retryable, 530, "refuses the authentication"}},
		"454":          {answer("454 4.7.0 later"), want{action.Retryable, 454, "454"}},
		"token back":   {answer("535 I do not know " + token), want{action.Retryable, 535, "know (password)"}},
		"words back":   {answer("535 what is " + password + "?"), want{action.Retryable, 535, "is (password)?"}},
		"BASE64 back":  {answer("535 not " + encoded), want{action.Retryable, 535, "not (password)"}},
		"no mechanism": {func(p *peer) { hello(p, "250-AUTH XOAUTH2"); p.line() }, want{class: action.Retryable, reason: "neither PLAIN nor LOGIN"}},
		"hang up":      {func(p *peer) { hello(p, "250-AUTH PLAIN"); p.hear("AUTH") }, want{class: action.Retryable, reason: "authentication: the connection was lost"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := channel()
			cfg.Username, cfg.Password = "ann", password
			got := executor(t, cfg, Options{}, server(t, tc.script)).Do(t.Context(), request())
			tc.want.check(t, got)
			if shut := got.Evidence.Status >= 500 || strings.Contains(got.Reason, "neither"); got.Shut != shut || shut && got.RetryAfter <= 0 {
				t.Errorf("shut is %v, want %v, with a retry after %v", got.Shut, shut, got.RetryAfter)
			}
			for _, secret := range []string{password, encoded, token} {
				if strings.Contains(got.Reason+got.Evidence.Reply, secret) {
					t.Errorf("the password shows: %q, %q", got.Reason, got.Evidence.Reply)
				}
			}
		})
	}
}

func TestPasswordNeedsTLS(t *testing.T) {
	const host = "mx.contoso.example"
	cert, roots := authority(t, host)
	cfg := schema.SMTP{Host: host, Port: 587, TLS: schema.TLSOpportunistic, Username: "ann", Password: password}
	t.Run("without", func(t *testing.T) {
		e := executor(t, cfg, Options{RootCAs: roots}, server(t, func(p *peer) {
			p.upTo("EHLO")
			p.say("250-mx.example", "250 AUTH PLAIN LOGIN")
			if l := p.line(); l != "" {
				t.Errorf("the client said %q", l)
			}
		}))
		want{class: action.Retryable, reason: "not sent without it"}.check(t, e.Do(t.Context(), request()))
	})
	t.Run("with", func(t *testing.T) {
		e := executor(t, cfg, Options{RootCAs: roots}, server(t, func(p *peer) {
			if p.starttls(cert, "250-AUTH PLAIN") {
				p.hear("AUTH PLAIN")
				p.say("235 ok")
				p.rest()
			}
		}))
		want{class: action.Succeeded, status: 250}.check(t, e.Do(t.Context(), request()))
	})
}
