package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Cores: the proxy has one to itself, load generator and backends share the other.
const (
	loadCore  = 0
	proxyCore = 1
)

// process is a program that runs pinned to a core, with all that it starts.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	log *os.File
}

// start runs a program in a folder of its own, in which its output is found, too.
func start(core int, dir string, env []string, args ...string) (*process, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command("taskset", append([]string{"-c", strconv.Itoa(core)}, args...)...), log: log}
	p.cmd.Dir, p.cmd.Stderr = dir, log
	p.cmd.Env = append(append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir), env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	p.out = bufio.NewReaderSize(out, 1<<20)
	return p, p.cmd.Start()
}

// stop ends the process and what it has started.
func (p *process) stop() {
	if p == nil || p.cmd.Process == nil {
		return
	}
	p.signal(syscall.SIGCONT)
	p.signal(syscall.SIGKILL)
	_ = p.cmd.Wait()
	_ = p.log.Close()
}

func (p *process) signal(s syscall.Signal) { _ = syscall.Kill(-p.cmd.Process.Pid, s) }

// send writes a line of JSON, and receive reads one.
func (p *process) send(value any) error {
	text, err := json.Marshal(value)
	if err == nil {
		_, err = p.in.Write(append(text, '\n'))
	}
	return err
}

func (p *process) receive(value any) error {
	text, err := p.out.ReadBytes('\n')
	if err != nil {
		said, _ := os.ReadFile(p.log.Name())
		return errors.Join(err, errors.New(string(said[max(0, len(said)-2000):])))
	}
	return json.Unmarshal(text, value)
}

// cpu is the time that the process and what it has started have computed so far.
func (p *process) cpu() (time.Duration, error) {
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux
	var all time.Duration
	err := p.each(func(_ string, fields []string) error {
		for _, field := range fields[11:15] { // utime, stime, and those of children that have ended (proc(5), from the third on)
			n, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return err
			}
			all += time.Duration(n) * tick
		}
		return nil
	})
	return all, err
}

// each calls with folder and status of all processes of the group.
func (p *process) each(call func(dir string, fields []string) error) error {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return err
	}
	group, found := strconv.Itoa(p.cmd.Process.Pid), false
	for _, dir := range dirs {
		text, err := os.ReadFile(filepath.Join(dir, "stat"))
		if err != nil {
			continue // it has ended meanwhile
		}
		_, after, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(after)
		if len(fields) < 15 || fields[2] != group {
			continue
		}
		found = true
		if err := call(dir, fields); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("%v has ended; see %s", p.cmd.Args, p.log.Name())
	}
	return nil
}

// memory is what is resident, and the most that was since forgetPeak, in bytes.
func (p *process) memory() (now, peak int64, err error) {
	err = p.each(func(dir string, _ []string) error {
		text, err := os.ReadFile(filepath.Join(dir, "status"))
		if err != nil {
			return err
		}
		now += kib(string(text), "VmRSS:")
		peak += kib(string(text), "VmHWM:")
		return nil
	})
	return now, peak, err
}

func kib(status, name string) int64 {
	_, after, _ := strings.Cut(status, name)
	var n int64
	_, _ = fmt.Sscan(after, &n)
	return n << 10
}

// forgetPeak makes the peak of memory what is resident now (proc(5), clear_refs).
func (p *process) forgetPeak() error {
	return p.each(func(dir string, _ []string) error {
		return os.WriteFile(filepath.Join(dir, "clear_refs"), []byte("5"), 0)
	})
}
