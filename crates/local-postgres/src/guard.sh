# Owns one postmaster ("$@") and stops it when standard input ends: the other end of that pipe is held by the process
# that owns the database, so the pipe ends when that process does, however it ends. Exits when the postmaster exits.
exec 3<&0 </dev/null
"$@" 3<&- &
postmaster=$!
(
    while read -r _ <&3; do :; done
    # Fast shutdown, asked for again and again because a postmaster that is only just starting may miss it; and an
    # immediate one if that takes longer than 25 seconds.
    tries=0
    while [ "$tries" -lt 250 ]; do
        kill -INT "$postmaster" 2>/dev/null || exit
        sleep 0.1
        tries=$((tries + 1))
    done
    kill -QUIT "$postmaster" 2>/dev/null
) &
watcher=$!
exec 3<&-
trap 'kill -INT "$postmaster" 2>/dev/null' TERM INT HUP
wait "$postmaster"
code=$?
# A signal interrupts the wait, not the postmaster.
while kill -0 "$postmaster" 2>/dev/null; do
    wait "$postmaster"
    code=$?
done
kill "$watcher" 2>/dev/null
exit "$code"
