# kerberos.sh: a KDC of our own for the cases in which Kerberos lets somebody in. Debian's krb5-kdc, krb5-admin-server and
# krb5-user (kadmin.local is in the second). Without them these cases are skipped; the sentences of the refusals are tested anyway.

kdc_missing=                     # why there is none
kdc_up() {
	local i
	[ "$(id -u)" = 0 ] || { kdc_missing='sshd with a keytab of its own needs root'; return 1; }
	for i in krb5kdc kadmin.local kinit; do
		command -v $i >/dev/null || { kdc_missing="$i is not installed"; return 1; }
	done
	mkdir "$work/kdc"
	next_port=$((next_port + 1))
	cat >"$work/kdc/krb5.conf" <<-X
		[libdefaults]
		default_realm = MOCR.TEST
		dns_lookup_kdc = false
		dns_lookup_realm = false
		dns_canonicalize_hostname = false
		rdns = false
		[realms]
		MOCR.TEST = {
			kdc = 127.0.0.1:$next_port
			database_module = here
		}
		[dbmodules]
		${KDB_PLUGINS:+db_module_dir = $KDB_PLUGINS}
		here = {
			db_library = db2
			database_name = $work/kdc/principal
		}
		[domain_realm]
		127.0.0.1 = MOCR.TEST
	X
	cat >"$work/kdc/kdc.conf" <<-X
		[kdcdefaults]
		kdc_listen = 127.0.0.1:$next_port
		kdc_tcp_listen = 127.0.0.1:$next_port
		[realms]
		MOCR.TEST = {
			key_stash_file = $work/kdc/stash
		}
		[logging]
		default = FILE:$work/kdc/log
	X
	export KRB5_CONFIG=$work/kdc/krb5.conf KRB5_KDC_PROFILE=$work/kdc/kdc.conf
	{
		kdb5_util create -s -r MOCR.TEST -P master
		kadmin.local -r MOCR.TEST -q "addprinc -pw secret $me"
		kadmin.local -r MOCR.TEST -q 'addprinc -randkey host/127.0.0.1'
		kadmin.local -r MOCR.TEST -q "ktadd -k $work/kdc/keytab host/127.0.0.1"
	} >"$work/kdc/out" 2>&1 </dev/null
	krb5kdc -n -r MOCR.TEST >>"$work/kdc/out" 2>&1 </dev/null &
	port[kdc]=$next_port
	started+=($!)
	for i in $(seq 50); do
		echo secret | KRB5CCNAME=FILE:$work/kdc/ticket kinit "$me" >>"$work/kdc/out" 2>&1 && return 0
		sleep 0.1
	done
	cat "$work/kdc/out"
	echo "not ok the KDC gives no ticket"
	exit 1
}

# sshd empties its environment, so it finds its keytab in /etc alone: this one gets an /etc of its own.
sshd_with_keytab() {
	cp -a /etc "$work/kdc/etc"
	cp "$work/kdc/krb5.conf" "$work/kdc/etc/krb5.conf"
	cp "$work/kdc/keytab" "$work/kdc/etc/krb5.keytab"
	sshd=(unshare -m sh -c 'mount --bind "$0" /etc && exec /usr/sbin/sshd "$@"' "$work/kdc/etc")
	sshd_on "$@"
	sshd=(/usr/sbin/sshd)
}
