package pipeline

import "sync"

// bufferPool hands out the buffers that bodies are copied through.
type bufferPool struct{ pool sync.Pool }

const copyBufferSize = 32 << 10 // bytes; what ReverseProxy would allocate for each body

func newBufferPool() *bufferPool {
	return &bufferPool{sync.Pool{New: func() any { return new([copyBufferSize]byte) }}}
}

func (p *bufferPool) Get() []byte { return p.pool.Get().(*[copyBufferSize]byte)[:] }

func (p *bufferPool) Put(b []byte) { p.pool.Put((*[copyBufferSize]byte)(b)) }
