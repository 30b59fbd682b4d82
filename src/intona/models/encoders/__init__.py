"""Pretrained speech encoders: weights, our Whisper, the ONNX graph around them, embeddings."""
