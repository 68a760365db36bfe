#!/bin/bash
# Makes the media of the player tests anew, beside this script: 40 s, video at two rates and sound, cut once for both DASH and HLS; and 20 s as
# one file for players that take no other. ffmpeg: path of the tool.
set -e
cd "$(dirname "$0")"
F="${ffmpeg:-ffmpeg} -hide_banner -loglevel error -y"
rm -f ./*.m4s ./*.mp4 ./*.mpd ./*.m3u8
$F -f lavfi -i testsrc2=s=320x180:r=12:d=40 -f lavfi -i sine=f=330:r=24000:d=40 -map 0:v -map 0:v -map 1:a \
  -c:v libx264 -preset slow -pix_fmt yuv420p -profile:v main -g 24 -keyint_min 24 -sc_threshold 0 -x264-params info=0 \
  -s:v:0 160x90 -b:v:0 30k -maxrate:v:0 40k -bufsize:v:0 60k -s:v:1 320x180 -b:v:1 100k -maxrate:v:1 120k -bufsize:v:1 200k \
  -c:a aac -b:a 24k -fflags +bitexact -flags +bitexact -f dash -seg_duration 2 -adaptation_sets 'id=0,streams=v id=1,streams=a' \
  -use_template 1 -use_timeline 1 -hls_playlist 1 -hls_master_name main.m3u8 \
  -init_seg_name 'init-$RepresentationID$.mp4' -media_seg_name 'seg-$RepresentationID$-$Number%02d$.m4s' manifest.mpd
# the time of the encoding is nobody's business
sed -i -e '/PROGRAM-DATE-TIME/d' -e 's/^#EXT-X-TARGETDURATION/#EXT-X-PLAYLIST-TYPE:VOD\n&/' media_*.m3u8
cat init-0.mp4 seg-0-*.m4s > video.mp4
cat init-2.mp4 seg-2-*.m4s > sound.mp4
$F -i video.mp4 -i sound.mp4 -t 20 -c copy -movflags +faststart -fflags +bitexact clip.mp4
rm video.mp4 sound.mp4
