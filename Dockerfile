# photo2moe on ordinary processors: not root, and content with a file system that it cannot write.
#
#   docker build -t photo2moe .
#   docker run --rm --read-only --network none -u "$(id -u):$(id -g)" -v "$PWD:/photos" photo2moe convert selfie.jpg
#   docker run --rm --read-only --tmpfs /tmp -p 7860:7860 photo2moe serve --host 0.0.0.0 --token 'a long secret'

# The versions of scripts/constraints.txt were resolved together for this Python.
FROM python:3.11-slim-bookworm AS build
WORKDIR /source
COPY . .
RUN python -m venv /opt/photo2moe \
    && /opt/photo2moe/bin/pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu \
        -c scripts/constraints.txt '.[video,watch,web]'

FROM python:3.11-slim-bookworm
# What OpenCV, MediaPipe and Skia are linked to; whatever Debian's security team makes of it.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libegl1 libexpat1 libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/photo2moe /opt/photo2moe
# Nothing is written but what is asked for: no bytecode, and no files of settings.
ENV PATH=/opt/photo2moe/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /photos
ENTRYPOINT ["photo2moe"]
CMD ["--help"]
