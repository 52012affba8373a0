"""pynetdicom at the other end, for dimse-pynetdicom.test.ts. Prints one JSON document.

  table                          its state table, event by event
  negotiate PORT                 asks for every kind of user information, prints what was answered
  send PORT FOLDER               C-STOREs every file under FOLDER in its own transfer syntax
  send-all PORT FOLDER           the same over few associations; prints for each UIDs, status, the SHA-256 of the bytes sent, and how long it
                                 waited for an answer in vain (pynetdicom gives up after 30 s) before it sent again
  cancel-and-find PORT           a C-FIND on a storage context, and a C-CANCEL for it
  receive DIR                    an SCP: prints {"port": N}, writes the data sets it is sent into DIR, until its input ends
"""
import hashlib
import json
import os
import sys
import time

from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.pdu_primitives import (
    AsynchronousOperationsWindowNegotiation,
    SCP_SCU_RoleSelectionNegotiation,
    SOPClassCommonExtendedNegotiation,
    SOPClassExtendedNegotiation,
    UserIdentityNegotiation,
)

CR = "1.2.840.10008.5.1.4.1.1.1"
# An association has at most 128 (their IDs are odd bytes).
CONTEXTS_MAX = 120
TRIES_MAX = 3
VERIFICATION = "1.2.840.10008.1.1"


def table():
    from pynetdicom.fsm import TRANSITION_TABLE

    return {f"{state} {event}": action for (event, state), action in TRANSITION_TABLE.items()}


def negotiate(port):
    window = AsynchronousOperationsWindowNegotiation()
    window.maximum_number_operations_invoked = 5
    window.maximum_number_operations_performed = 0
    role = SCP_SCU_RoleSelectionNegotiation()
    role.sop_class_uid = CR
    role.scu_role = True
    role.scp_role = True
    extended = SOPClassExtendedNegotiation()
    extended.sop_class_uid = CR
    extended.service_class_application_information = b"\x02\x00\x03\x00\x01\x00"
    common = SOPClassCommonExtendedNegotiation()
    common.sop_class_uid = CR
    common.service_class_uid = "1.2.840.10008.4.2"
    identity = UserIdentityNegotiation()
    identity.user_identity_type = 2
    identity.primary_field = b"somebody"
    identity.secondary_field = b"secret"
    identity.positive_response_requested = True
    ae = AE("PYNETDICOM")
    ae.add_requested_context(VERIFICATION)
    ae.add_requested_context(CR, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
    assoc = ae.associate("127.0.0.1", port, ae_title="FIRSTREAD", ext_neg=[window, role, extended, common, identity])
    answer = {
        "established": assoc.is_established,
        "window": assoc.acceptor.asynchronous_operations,
        "roles": {uid: [item.scu_role, item.scp_role] for uid, item in assoc.acceptor.role_selection.items()},
        "extended": {uid: info.hex() for uid, info in assoc.acceptor.sop_class_extended.items()},
        "identity": assoc.acceptor.user_identity is not None,
        "maximum_length": assoc.acceptor.maximum_length,
        "implementation": [str(assoc.acceptor.implementation_class_uid), assoc.acceptor.implementation_version_name],
        "contexts": [[context.abstract_syntax, context.transfer_syntax[0]] for context in assoc.accepted_contexts],
        "echo": assoc.send_c_echo().Status,
    }
    assoc.release()
    return answer


def send(port, folder):
    statuses = {}
    for parent, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            path = os.path.join(parent, name)
            try:
                dataset = dcmread(path)
                syntax, sop_class = dataset.file_meta.TransferSyntaxUID, dataset.SOPClassUID
                ae = AE("PYNETDICOM")
                ae.add_requested_context(sop_class, syntax)
                assoc = ae.associate("127.0.0.1", port)
            except Exception:  # not a DICOM file, or one that pydicom cannot send: not ours to answer
                continue
            if not assoc.is_established:
                statuses[name] = "not established"
                continue
            try:
                statuses[name] = assoc.send_c_store(dataset).get("Status", "no answer")
            except Exception:
                pass
            assoc.release()
    return statuses


def hash_what_is_sent(assoc):
    """SHA-256 of each data set as it goes out: encoding the same object twice does not always give the same bytes."""
    hashes = []
    send_msg = assoc.dimse.send_msg

    def listen(primitive, context_id):
        hashes.append(hashlib.sha256(primitive.DataSet.getvalue()).hexdigest())
        return send_msg(primitive, context_id)

    assoc.dimse.send_msg = listen
    return hashes


def send_all(port, folder):
    readable = []
    for parent, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            try:
                dataset = dcmread(os.path.join(parent, name))
                readable.append((name, dataset, (str(dataset.SOPClassUID), str(dataset.file_meta.TransferSyntaxUID))))
            except Exception:  # not a DICOM file, or one that pydicom cannot send: not ours to answer
                continue
    pairs = sorted({pair for _, _, pair in readable})
    sent = []
    for first in range(0, len(pairs), CONTEXTS_MAX):
        group = pairs[first : first + CONTEXTS_MAX]
        ae = AE("PYNETDICOM")
        for sop_class, syntax in group:
            ae.add_requested_context(sop_class, syntax)
        assoc = None
        for name, dataset, pair in readable:
            if pair not in group:
                continue
            waits = []
            status = None
            while status is None and len(waits) < TRIES_MAX:
                if assoc is None or not assoc.is_established:
                    assoc = ae.associate("127.0.0.1", port)
                    hashes = hash_what_is_sent(assoc)
                began = time.monotonic()
                try:
                    status = assoc.send_c_store(dataset).get("Status")
                except ValueError:  # pynetdicom cannot encode it
                    break
                if status is None:  # as a modality does: once more
                    waits.append(round(time.monotonic() - began, 1))
            if status is None and not waits:
                continue
            sent.append({"name": name, "sopInstanceUid": str(dataset.SOPInstanceUID), "transferSyntaxUid": pair[1], "sha256": hashes[-1], "status": status, "waitsInVainSeconds": waits})
        if assoc is not None:
            assoc.release()
    return sent


def cancel_and_find(port):
    ae = AE("PYNETDICOM")
    ae.add_requested_context(CR, ImplicitVRLittleEndian)
    assoc = ae.associate("127.0.0.1", port)
    assoc.send_c_cancel(3, context_id=assoc.accepted_contexts[0].context_id)
    query = Dataset()
    query.QueryRetrieveLevel = "STUDY"
    status = [status.Status for status, _ in assoc.send_c_find(query, CR)]
    assoc.release()
    return {"status": status}


def receive(folder):
    def store(event):
        with open(os.path.join(folder, event.request.AffectedSOPInstanceUID), "wb") as file:
            file.write(event.request.DataSet.getvalue())
        return 0x0000

    ae = AE("PYNETDICOM")
    ae.maximum_pdu_size = 16382
    ae.add_supported_context(VERIFICATION)
    ae.add_supported_context("1.2.840.10008.5.1.4.1.1.1.1", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, store)])
    print(json.dumps({"port": server.server_address[1]}), flush=True)
    sys.stdin.read()
    server.shutdown()


if sys.argv[1] == "receive":
    receive(sys.argv[2])
else:
    commands = {"table": table, "negotiate": negotiate, "send": send, "send-all": send_all, "cancel-and-find": cancel_and_find}
    arguments = [int(each) if each.isdigit() else each for each in sys.argv[2:]]
    print(json.dumps(commands[sys.argv[1]](*arguments)))
