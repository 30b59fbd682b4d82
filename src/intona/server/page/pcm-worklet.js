/** Gathers microphone sound into messages of 16-bit samples, about 60 ms each. */
class Pcm extends AudioWorkletProcessor {
  constructor() {
    super();
    this.samples = new Int16Array(Math.round(sampleRate * 0.06));
    this.filled = 0;
    this.power = 0;
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    const channels = inputs[0];
    if (!channels.length) return true;
    for (let i = 0; i < channels[0].length; i++) {
      let value = 0;
      for (const channel of channels) value += channel[i];
      value = Math.max(-1, Math.min(1, value / channels.length));
      this.power += value * value;
      this.samples[this.filled++] = Math.round(value * 32767);
      if (this.filled === this.samples.length) this.flush();
    }
    return true;
  }

  flush() {
    const level = Math.sqrt(this.power / this.filled);
    const message = this.samples;
    this.samples = new Int16Array(message.length);
    this.filled = 0;
    this.power = 0;
    this.port.postMessage({ pcm: message.buffer, level }, [message.buffer]);
  }
}

registerProcessor("pcm", Pcm);
