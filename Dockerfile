# tincan and the few shared libraries that it needs, in an otherwise empty image.
#
#   docker build --tag tincan .
#   docker run --rm --publish 8888:8888 --publish 6667:6667 --publish 8080:8080 tincan
#   docker run ... --volume tincan:/data tincan --data /data
#
# What follows the image's name are flags for tincan, as in `docker run tincan --help`.

FROM denoland/deno:debian-2.9.6 AS build
WORKDIR /tincan

# What has to be downloaded comes first, so that a change to the sources does not download it again: the packages, as
# deno.lock has them, and the runtime that goes into an executable, which comes with the first one compiled.
COPY deno.json deno.lock ./
RUN deno install --frozen
RUN touch /tmp/empty.ts && deno compile --no-config --output /tmp/empty /tmp/empty.ts && rm /tmp/empty*

COPY main.ts ./
COPY src src
RUN deno task compile

COPY .ci/rootfs .ci/rootfs
RUN .ci/rootfs dist/tincan /rootfs
RUN mkdir /data

FROM scratch
COPY --from=build /rootfs /
# A volume that is mounted here is its user's, as this directory is.
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
# A container has its own loopback interface: nobody outside could reach 127.0.0.1.
ENV TINCAN_HOST=0.0.0.0
EXPOSE 8888 6667 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["/tincan"]
