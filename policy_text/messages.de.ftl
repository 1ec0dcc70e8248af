# Was der Bot auf Deutsch sagt. Diese Datei ist das Original; die englische hat dieselben Schlüssel.
# Form: Schlüssel = Satz. { $name } wird beim Senden ausgefüllt; diese Namen bitte so lassen.
# Anrede: [Sie-Form|du-Form]. Nur einfache Wörter: keine Sterne, Unterstriche oder spitzen Klammern.

### Urteile, in wenigen Worten

ruling-covered = abgedeckt
ruling-not_covered = nicht abgedeckt
ruling-paid = kostenpflichtig
ruling-process = Frage zum Ablauf
ruling-not_in_policy = nicht geregelt
ruling-silence = Plauderei
ruling-none = ohne Urteil

### Antworten

answer-covered = Abgedeckt: { $title }
answer-not_covered = Nicht abgedeckt: { $title }
answer-paid = Kostenpflichtig: { $title }
answer-process = Zu [Ihrer|deiner] Frage: { $title }
answer-not_in_policy = Nicht geregelt: { $title }
because = Für { $person }, weil [Sie geschrieben haben|du geschrieben hast]: „{ $excerpt }“ (wie „{ $phrase }“)
because-words = Für { $person }, weil [Sie geschrieben haben|du geschrieben hast]: „{ $excerpt }“
because-other = Für { $person }, weil da steht: „{ $excerpt }“ (wie „{ $phrase }“)
because-other-words = Für { $person }, weil da steht: „{ $excerpt }“
offer-unsure = { $person }, ich bin nicht sicher, worum es geht. Soll ich ein Ticket öffnen, damit ein Mensch es sich ansieht?
offer-policy = Was der Support umfasst, steht in der Support-Richtlinie: /policy
offer-for = Für { $person }
offer-which-ticket = { $person }, zu welchem [Ihrer|deiner] Tickets gehört das?
offer-same-ticket = { $person }, gehört das zu [Ihrem|deinem] Ticket #{ $number }?
helped-thanks = Das freut uns, danke!
wrong-sorry = Das tut uns leid, danke für den Hinweis! Wir haben es notiert. Auf Wunsch sieht es sich ein Mensch an.

### Knöpfe

button-open = Ticket öffnen
button-open-anyway = Trotzdem ein Ticket öffnen
button-helped = Das hat geholfen
button-wrong = Falsche Antwort
button-add = Zu Ticket #{ $number } hinzufügen
button-paid = Formular ausfüllen
button-place = Mein Platz
button-ask-ticket = Ticket öffnen
button-ask-private = Privates Ticket
button-ask-covered = Ist das abgedeckt?
button-ask-paid = Kostenpflichtige Lösung
button-reply = Kunden antworten
button-refresh = Aktualisieren
button-claim = Übernehmen
button-claim-next = Nächstes übernehmen
button-release = Zurückgeben
button-close = Schließen
button-post = Hier posten
button-apply = Anwenden
button-discard = Verwerfen
button-edit = Bearbeiten: { $language }
button-category = { $title }
button-document = Text der Richtlinie
button-undo = Version { $number } rückgängig
button-draft = Weiter: { $title }
button-learn = Zu „{ $title }“
button-teach = Andere Kategorie
button-small-talk = Das ist Plauderei
button-leave = Lassen
button-fairness-csv = CSV
button-fairness-picture = Bild hier zeigen
button-correct = Urteil berichtigen

### Tickets und Plätze

opening = Ticket #{ $number } von { $person }
opened-heading = [Ihr|Dein] Ticket hat die Nummer { $number }
opened-where = Weiter geht es in einem Thread in { $channel }.
opened-private = Weiter geht es in einem privaten Thread in { $channel }. Nur [Sie|du] und unser Team können ihn lesen.
opened-direct = Weiter geht es in [Ihren|deinen] Direktnachrichten mit dem Bot. Nur [Sie|du] und unser Team können sie lesen.
opened-for-author = Ticket #{ $number } ist für { $person } geöffnet.
opened-here = Ticket #{ $number } ist offen. Es geht hier im Thread weiter.
meanwhile = { $person }, [Ihre|deine] Anfrage ist Ticket #{ $number }. Bis der Thread dafür aufgeht, kann es etwas dauern.
receipt-heading = Ticket #{ $number }: [Ihre|deine] Anfrage ist da
receipt-covered = { $person }, [Ihre|deine] Anfrage ist abgedeckt: { $title }.
receipt-not_covered = { $person }, das gehört laut Richtlinie nicht zum Support. Ein Mensch sieht es sich trotzdem an.
receipt-paid = { $person }, das klingt nach einer kostenpflichtigen Lösung. Ein Mensch sieht es sich an und meldet sich.
receipt-process = { $person }, ein Mensch sieht sich [Ihre|deine] Frage an.
receipt-not_in_policy = { $person }, die Richtlinie sagt dazu nichts. Ein Mensch sieht es sich an.
receipt-silence = { $person }, ein Mensch sieht es sich an.
receipt-none = { $person }, ein Mensch sieht es sich an.
place-waiting = { $place ->
    [1] Ticket #{ $number } ist als Nächstes dran.
   *[other] Ticket #{ $number } ist auf Platz { $place } in der Warteschlange.
}
place-claimed = Um Ticket #{ $number } kümmert sich { $agent }.
promise-span = { $least } bis { $most } Stunden
promise-span-in-hours = { $least } bis { $most } Stunden unserer Supportzeiten
expect-normal = Die erste Antwort kommt normalerweise innerhalb von { $span }, also zwischen { $soft } und { $hard }.
expect-longer = Die Antwort wird länger dauern als üblich. Danke für [Ihre|deine] Geduld. Keiner soll zurückgelassen werden; wir melden uns, sobald wir können.
expect-by = Die erste Antwort kommt normalerweise bis { $hard }.
expect-between = Die erste Antwort kommt normalerweise zwischen { $soft } und { $hard }.
estimate = Voraussichtliche Wartezeit: { $low } bis { $high }. Gemessen an unserem Tempo der letzten Zeit trifft das in 8 von 10 Fällen zu; es ist eine Schätzung, kein Versprechen.
estimate-none = Genauer können wir die Wartezeit hier zurzeit nicht schätzen.
late = { $person }, auf Ticket #{ $number } haben wir noch nicht geantwortet (Wartezeit bisher: { $waited }). Danke für [Ihre|deine] Geduld; wir melden uns, sobald wir können.
broken = { $alerted ->
    [1] { $person }, es tut uns leid: Die Antwort auf Ticket #{ $number } sollte normalerweise bis { $due } da sein (Wartezeit bisher: { $waited }). Das Support-Team wird eigens darauf hingewiesen und meldet sich, sobald es kann.
   *[other] { $person }, es tut uns leid: Die Antwort auf Ticket #{ $number } sollte normalerweise bis { $due } da sein (Wartezeit bisher: { $waited }). Das Support-Team meldet sich, sobald es kann.
}
nobody-left-behind = Keiner soll zurückgelassen werden.
nudge = { $person }, ist damit alles geklärt? Falls nicht, [schreiben Sie|schreib] einfach hier. Sonst schließen wir Ticket #{ $number } am { $end }.
closed-in-silence = Ticket #{ $number } ist geschlossen, weil nichts mehr dazu kam.
closed-by-word = Schön, dann ist Ticket #{ $number } geschlossen.
first-come = Wer zuerst kommt, mahlt zuerst.
facts-no-ticket = { $waiting ->
    [0] [Sie haben|Du hast] kein offenes Ticket. Gerade wartet niemand.
    [one] [Sie haben|Du hast] kein offenes Ticket. Gerade wartet ein Ticket.
   *[other] [Sie haben|Du hast] kein offenes Ticket. Gerade warten { $waiting } Tickets.
}
added-heading = Ergänzung:
added = Zu Ticket #{ $number } hinzugefügt.
added-moved = Zu Ticket #{ $number } hinzugefügt. Dort geht es weiter: { $thread }
opening-message-deleted = Die Nachricht, aus der Ticket #{ $number } entstand, wurde gelöscht.
withdrawn = Die Anfrage wurde gelöscht, Ticket #{ $number } ist damit zurückgezogen.
closed = Ticket #{ $number } ist geschlossen.
closed-public = { $person } hat Ticket #{ $number } geschlossen.
closed-by-customer = { $person } hat Ticket #{ $number } geschlossen.
closed-hint = { $days ->
    [one] Ist noch etwas offen? [Schreiben Sie|Schreib] innerhalb eines Tages einfach hier, dann öffnet sich das Ticket wieder.
   *[other] Ist noch etwas offen? [Schreiben Sie|Schreib] innerhalb von { $days } Tagen einfach hier, dann öffnet sich das Ticket wieder.
}
thread-gone = { $count ->
    [one] Dieses Ticket ist geschlossen, weil sein Thread oder Kanal gelöscht wurde:
   *[other] Diese Tickets sind geschlossen, weil ihr Thread oder Kanal gelöscht wurde:
}
customer-gone = { $count ->
    [one] Dieses Ticket ist geschlossen, weil der Kunde vom Server verbannt wurde:
   *[other] Diese Tickets sind geschlossen, weil der Kunde vom Server verbannt wurde:
}
gone-ticket = #{ $number } von { $person } ({ $name })
closed-long-ago = Ticket #{ $number } ist schon länger geschlossen. Soll ich ein neues öffnen?
reopened = { $person }, Ticket #{ $number } ist wieder offen.

### Support-Team

card-heading = #{ $number } von { $customer }
card-waiting-answered = Wartet seit { $at } auf eine weitere Antwort.
card-waiting-urgent = Wartet seit { $at }. Dringend: Die Antwort ist bis { $due } fällig.
card-waiting-overdue = Wartet seit { $at }. Überfällig seit { $due }.
card-waiting-fine = Wartet seit { $at }. Die Antwort ist bis { $due } fällig.
card-verdict = { $title } · { $ruling } · { $language }
card-closed = Geschlossen seit { $at }.
copy-deleted = Der Kunde hat diese Nachricht gelöscht.
card-verdict-none = { $ruling } · { $language }
card-thread = Gespräch: { $thread }
card-private = Privat: Der Kunde schreibt dem Bot in Direktnachrichten. Was er schreibt, steht hier in diesem Thread.
card-internal = Was ihr unter diese Nachricht schreibt, bleibt im Team.
reply-from = { $agent } schreibt:
replied = [Ihre|Deine] Worte sind unterwegs zum Kunden von Ticket #{ $number }.
home-heading = [Ihre|Deine] Tickets
home-not-set-up = Hier ist der Support noch nicht eingerichtet. Das macht mit /setup, wer den Workspace verwaltet, oder ein Moderator; vorher [laden Sie|lade] mich in den Support-Kanal und in einen privaten Kanal für die Agenten ein.
home-empty = [Sie haben|Du hast] kein offenes Ticket. [Fragen Sie|Frag] einfach, oder [öffnen Sie|öffne] hier eines.
refused-agents-in-support = Der Kanal der Agenten darf kein Support-Kanal sein: Dort könnten alle die Karten lesen.
refused-unreachable = Der Kunde von Ticket #{ $number } ist nicht erreichbar: Das Gespräch ließ sich nicht öffnen.
refused-no-ticket-here = Diese Nachricht gehört zu keinem Ticket.
claimed-heading = Ticket #{ $number } von { $customer } ist jetzt [Ihres|deins]
claimed-facts = Wartezeit: { $waited } · { $ruling }
claimed-where = Hier antworten: { $thread }
claimed-out-of-turn = { $ahead ->
    [one] Außer der Reihe: Ein Ticket war früher dran. Das ist vermerkt.
   *[other] Außer der Reihe: { $ahead } Tickets waren früher dran. Das ist vermerkt.
}
claimed-public = { $agent } kümmert sich jetzt darum.
released = Ticket #{ $number } ist zurück auf seinem alten Platz: Nummer { $place }.
released-public = { $place ->
    [1] Dieses Ticket ist zurück auf seinem alten Platz: Es ist als Nächstes dran.
   *[other] Dieses Ticket ist zurück auf seinem alten Platz: Nummer { $place }.
}
thread-not-open-yet = Thread noch nicht offen
queue-heading = { $waiting ->
    [0] Die Warteschlange: niemand wartet
    [one] Die Warteschlange: ein Ticket
   *[other] Die Warteschlange: { $waiting } Tickets
}
returned-public = { $place ->
    [1] Die Antwort hat zu lange gedauert, deshalb ist dieses Ticket zurück auf seinem alten Platz: Es ist als Nächstes dran.
   *[other] Die Antwort hat zu lange gedauert, deshalb ist dieses Ticket zurück auf seinem alten Platz: Nummer { $place }.
}
returned-agents = Ticket #{ $number } ist zurück in der Warteschlange: Von { $agent } kam zu lange keine Antwort.
remind = { $agent }: { $customer } wartet bei Ticket #{ $number } auf eine Antwort ({ $waiting }): { $thread }. Kommt bis { $back } keine, geht das Ticket zurück in die Warteschlange.
agent-gone = { $count ->
    [one] { $agent } gehört nicht mehr zum Support-Team. Zurück auf seinem alten Platz ist { $numbers }.
   *[other] { $agent } gehört nicht mehr zum Support-Team. Zurück auf ihren alten Plätzen sind { $numbers }.
}
digest-late = { $count ->
    [one] Ein Ticket wartet schon länger auf eine Antwort
   *[other] { $count } Tickets warten schon länger auf eine Antwort
}
digest-urgent = { $count ->
    [one] Dringend: Bei einem Ticket läuft die Antwortzeit bald ab
   *[other] Dringend: Bei { $count } Tickets läuft die Antwortzeit bald ab
}
digest-broken = { $count ->
    [one] Bei einem Ticket ist die Antwortzeit abgelaufen
   *[other] Bei { $count } Tickets ist die Antwortzeit abgelaufen
}
alert-call = { $roles }: Hier wartet jemand zu lange.
behind-heading = { $late ->
    [0] Niemand wartet zu lange
    [one] Ein Ticket wartet zu lange
   *[other] { $late } Tickets warten zu lange
}
behind-untold = Das wurde noch nicht gesagt:
behind-told = Das wurde gesagt:
behind-item = #{ $number } { $customer } · wartet { $age } · fällig { $due } · { $agent } · { $thread }
behind-unclaimed = noch nicht übernommen
behind-swept = { $count ->
    [0] Zuletzt nachgesehen: { $at }. Niemand war vergessen.
    [one] Zuletzt nachgesehen: { $at }. Ein Ticket war vergessen; dort wurde es nachgeholt.
   *[other] Zuletzt nachgesehen: { $at }. { $count } Tickets waren vergessen; dort wurde es nachgeholt.
}
mine-heading = { $count ->
    [0] [Sie haben|Du hast] kein Ticket übernommen
    [one] [Sie haben|Du hast] ein Ticket übernommen
   *[other] [Sie haben|Du hast] { $count } Tickets übernommen
}
mine-waits = Wartet auf [Ihre|deine] Antwort: { $waiting }
mine-waits-first = Wartet auf die erste Antwort: { $waiting } · fällig { $due }
mine-customers-turn = Jetzt ist der Kunde dran.
queue-item = { $place }. #{ $number } { $customer } · wartet { $age } · { $state } · { $ruling } · { $language } · „{ $words }“ · { $thread }
queue-answered = schon beantwortet
queue-urgent = dringend, fällig { $due }
queue-overdue = überfällig seit { $due }
queue-fine = fällig { $due }
queue-working = { $agent }: #{ $number } { $customer } · „{ $words }“ · { $thread }
words-private = privat
queue-claimed = In Arbeit
queue-mine = Bei [Ihnen|dir]
queue-more = { $more ->
    [one] und ein weiteres
   *[other] und { $more } weitere
}
queue-empty = Alles erledigt. Zeit für einen Kaffee!
queue-dead-letters = { $count ->
    [one] Eine unserer Nachrichten kam nicht an. Der Betreiber sieht sie mit: wartemarke letters
   *[other] { $count } unserer Nachrichten kamen nicht an. Der Betreiber sieht sie mit: wartemarke letters
}
board-estimate = Ein neues Ticket wartet voraussichtlich { $low } bis { $high }.
board-as-of = Stand: { $at }

### Fairness

fairness-heading = Fairness, Zeitraum: { $period }
fairness-week = 7 Tage
fairness-month = 30 Tage
fairness-year = 365 Tage
fairness-all = Alles
fairness-order = { $count ->
    [one] Der Reihe nach: { $ahead } von einer Übernahme
   *[other] Der Reihe nach: { $ahead } von { $count } Übernahmen
}
fairness-out-of-turn = Außer der Reihe: { $count }
fairness-waits = Wartezeit bis zur ersten Antwort: die Hälfte höchstens { $wait50 }, 80 von 100 höchstens { $wait80 }, 95 von 100 höchstens { $wait95 }
fairness-longest = Längste Wartezeit: { $wait } (#{ $number })
fairness-kept = { $all ->
    [one] Eingehalten: { $count } von einer Zusage, { $early } schon bis zum früheren Ende (heutige Einstellung: { $span })
   *[other] Eingehalten: { $count } von { $all } Zusagen, davon { $early } schon bis zum früheren Ende (heutige Einstellung: { $span })
}
fairness-open = Noch ohne Antwort: { $inside } innerhalb der Zusage, { $beyond } darüber hinaus
fairness-closed = Ohne Antwort beendet (geschlossen oder zurückgezogen): { $inside } innerhalb der Zusage, { $beyond } darüber hinaus
fairness-list = Außer der Reihe, durch wen und warum
fairness-claim = { $ahead ->
    [one] #{ $number } durch { $agent }, { $at }. Ein Ticket war früher dran ({ $passed }). Grund: { $reason }
   *[other] #{ $number } durch { $agent }, { $at }. { $ahead } Tickets waren früher dran ({ $passed }). Grund: { $reason }
}
fairness-by-answering = hat im Thread geantwortet
fairness-more = { $more ->
    [one] und ein weiteres; die CSV-Datei hat alle
   *[other] und { $more } weitere; die CSV-Datei hat alle
}
fairness-record = Stand des Protokolls: { $head }. Damit lässt sich später prüfen, dass bis hierher nichts verändert wurde: wartemarke verify --known { $head }
fairness-cut = Gezählt sind nur die neuesten { $most } Einträge jeder Art.
fairness-csv = Eine Zeile für jede Übernahme, jede erste Antwort und jede Anfrage, die ohne Antwort endete. Zeitraum: { $period }
fairness-about = Zwei Diagramme, Zeitraum: { $period }. Links, wie viele Anfragen wie lange auf die erste Antwort gewartet haben; rechts, wie viele Zusagen in jeder Woche eingehalten und gebrochen wurden. Die Zahlen stehen auch im Text.
picture-waits = Wartezeit bis zur ersten Antwort
picture-hours = Stunden (ganz rechts auch, wer länger gewartet hat)
picture-requests = Anfragen
picture-weeks = Zusagen nach Wochen
picture-week-of = Woche ab
picture-promises = Zusagen
picture-early = bis zum früheren Ende der Zusage
picture-in-time = bis zum späteren Ende
picture-later = später oder gar nicht
picture-open = noch ohne Antwort

### Richtlinie

policy-posted = Die Richtlinie steht gleich hier.
policy-section-gone = Diesen Teil („{ $section }“) gibt es in der Richtlinie nicht mehr. /policy zeigt, was jetzt gilt.
policy-in-force = Fertig: Version { $number } der Richtlinie gilt jetzt.
policy-exported = Hier ist die ganze Richtlinie. [Ändern Sie|Ändere] sie in einem beliebigen Texteditor und [bringen Sie|bring] sie mit /policy import zurück. Was in der Datei fehlt, bleibt, wie es ist.
edit-heading = Die Richtlinie ändern
edit-choose = Welchen Teil, auf { $language }?
edit-off = Abgeschaltet: { $names }. Wieder anschalten: /policy on und der Name
edit-more = { $more ->
    [one] und noch ein Teil: /policy edit und der Name
   *[other] und noch { $more } Teile: /policy edit und der Name
}
draft-heading = Was diese Änderung bewirkt
draft-lacks = Als Entwurf gemerkt. Es fehlt noch etwas:
draft-discarded = Verworfen. Nichts hat sich geändert.
lacks-texts = „{ $title }“ hat noch keine Beispiele auf { $language }.
lacks-document = { $file }, Zeile { $line }: { $reason }
effect-off = „{ $title }“ wird abgeschaltet.
effect-on = „{ $title }“ ist wieder an.
effect-new = Neu: „{ $title }“ ({ $ruling })
effect-document = Die Richtlinie, wie alle sie lesen, ändert sich auf { $language }.
effect-document-stays = Die Richtlinie, wie alle sie lesen, bleibt dabei, wie sie ist. Soll sie sich auch ändern: /policy edit document
effect-undone-too = Damit geht auch Version { $number } von { $name } zurück: { $why }
effect-ruling = „{ $title }“: aus „{ $old }“ wird „{ $new }“
effect-title = „{ $title }“, { $language }, neuer Titel: { $words }
effect-clause = „{ $title }“, { $language }, neuer Satz der Richtlinie: { $words }
effect-answer = „{ $title }“, { $language }, neue Antwort: { $words }
effect-added = „{ $title }“, { $language }: { $count ->
    [one] ein Beispiel mehr
   *[other] { $count } Beispiele mehr
}
effect-removed = „{ $title }“, { $language }: { $count ->
    [one] ein Beispiel weniger
   *[other] { $count } Beispiele weniger
}
effect-alike = Sehr ähnlich: „{ $phrase }“ und „{ $other }“ aus „{ $title }“. Wer so schreibt, bekommt vielleicht die eine, vielleicht die andere Antwort.
effect-more = { $more ->
    [one] und noch eines
   *[other] und noch { $more }
}
effect-verdicts = { $of ->
    [0] Aus den letzten 30 Tagen gibt es keine Nachrichten, an denen sich das zeigen ließe.
    [one] { $changed ->
        [0] Die eine Nachricht der letzten 30 Tage würde wie bisher beantwortet.
       *[other] Die eine Nachricht der letzten 30 Tage würde anders beantwortet:
    }
   *[other] { $changed ->
        [0] Keine der { $of } Nachrichten der letzten 30 Tage würde anders beantwortet.
        [one] Eine der { $of } Nachrichten der letzten 30 Tage würde anders beantwortet:
       *[other] { $changed } der { $of } Nachrichten der letzten 30 Tage würden anders beantwortet:
    }
}
effect-verdict = „{ $words }“: { $old } → { $new }
effect-known = Einzeln weggelassen, würden { $known } von { $total } Beispielen von „{ $title }“ trotzdem erkannt.
effect-confused = Einzeln weggelassen, würden { $known } von { $total } Beispielen von „{ $title }“ trotzdem erkannt; { $times } gälten als „{ $other }“.
outcome-answer = { $ruling } ({ $title })
outcome-offer = unsicher, ein Ticket wird angeboten
outcome-silent = Schweigen
history-heading = Versionen der Richtlinie
history-item = { $number } · { $at } · { $name } · { $parts } · { $why }
history-older = { $older ->
    [one] und eine ältere Version
   *[other] und { $older } ältere Versionen
}
history-none = Hier wurde nichts geändert: Das ist die Richtlinie, mit der der Bot gekommen ist.
review-heading = { $count ->
    [one] Der letzte offene Fall
   *[other] { $count } offene Fälle
}
review-wrong = Der Kunde hat „Falsche Antwort“ gedrückt. Gesagt wurde: { $told }
review-corrected = Das Support-Team hat das Ticket berichtigt: Aus „{ $told }“ wurde „{ $right }“.
review-silent = Der Bot hätte geschwiegen („{ $told }“), aber es wurde ein Ticket.
review-wrong-untold = Der Kunde hat „Falsche Antwort“ gedrückt.
review-corrected-untold = Das Support-Team hat das Ticket berichtigt: Es geht um „{ $right }“. Der Bot hatte kein Urteil abgegeben.
review-silent-untold = Der Bot hätte geschwiegen, aber es wurde ein Ticket.
review-decided = Darüber hat schon jemand entschieden.
review-consequence = Als Beispiel für „{ $title }“ bekäme es: { $then }. { $changed ->
    [0] Keine andere Nachricht der letzten 30 Tage würde sich ändern.
    [one] Eine andere Nachricht der letzten 30 Tage würde sich ändern.
   *[other] { $changed } andere Nachrichten der letzten 30 Tage würden sich ändern.
}
review-learnt = Jetzt ein Beispiel für „{ $title }“ (Version { $number }).
review-known = Das ist schon ein Beispiel für „{ $title }“.
review-left = Bleibt, wie es ist.
review-none = Im Moment gibt es nichts zu lernen.
test-like = Am ähnlichsten: „{ $phrase }“
test-confidence = Sicherheit { $percent } %, gelesen als { $language }
test-candidate = { $title } ({ $ruling }): { $percent } %
test-version = Richtlinie { $version }
category-option = { $title }
corrected = Ticket #{ $number } handelt jetzt von: { $title }
corrected-public = { $agent } hat genauer hingesehen: Hier geht es um „{ $title }“ ({ $ruling }).

### Support-Nachricht mit Knöpfen

panel-heading = Support
panel = Hier [können Sie|kannst du] fragen, ob etwas abgedeckt ist, ein Ticket öffnen oder [Ihren|deinen] Platz in der Warteschlange nachsehen.
panel-posted = Die Nachricht mit den Knöpfen steht gleich hier.

### Kostenpflichtige Lösungen

paid-heading = Anfrage nach einer kostenpflichtigen Lösung: { $product }
paid-from = Von { $person } ({ $name })
paid-item = { $label }: { $words }
sales-contact = Kontakt
sales-deadline = Termin
sales-budget = Budget
paid-not-in-queue = Das ist kein Support-Ticket und steht nicht in der Warteschlange.
paid-thanks-heading = Danke, [Ihre|deine] Anfrage ist angekommen
paid-thanks = Die Anfrage geht an unser Team für kostenpflichtige Lösungen, nicht in die Warteschlange. Wir melden uns unter dem angegebenen Kontakt.

### Formulare

form-ticket = Ticket öffnen
form-ticket-text = Wobei können wir helfen?
form-private = Privates Ticket öffnen
form-covered = Ist das abgedeckt?
form-covered-text = [Ihre|Deine] Frage
form-reply = Antwort auf #{ $number }
form-reply-text = [Ihre|Deine] Worte an den Kunden
form-claim = Außer der Reihe übernehmen
form-claim-reason = { $ahead ->
    [one] Ein Ticket davor. Warum dieses zuerst?
   *[other] { $ahead } Tickets davor. Warum dieses zuerst?
}
form-paid = Kostenpflichtige Lösung
form-paid-product = Name des Produkts
form-paid-wish = Was [wünschen Sie sich|wünschst du dir]?
form-paid-budget = Budget
form-paid-deadline = Termin
form-paid-contact = Wie erreichen wir [Sie|dich]?
form-setup = Einrichten: Orte und Personen
form-setup-support = Support-Kanäle
form-setup-agents = Kanal des Support-Teams
form-setup-sales = Vertriebskanal
form-setup-agent-roles = Rollen des Support-Teams
form-setup-moderator-roles = Rollen der Moderation
form-setup-rules = Einrichten: Sprache und Texte
form-setup-tickets = Einrichten: Grenzen für Tickets
form-setup-language = Sprache des Servers
form-setup-address = Anrede der Kunden
form-setup-open-limit = Offene Tickets je Kunde
form-setup-hourly-limit = Neue Tickets je Kunde und Stunde
form-setup-reopen = Tage, in denen ein Ticket wieder aufgeht
form-setup-retention = So viele Tage bleiben Texte von Kunden
form-setup-hours = Einrichten: Supportzeiten
form-setup-there = Das Support-Team ist da
form-setup-zone = Zeitzone
form-setup-week = Wochenstunden, etwa Mo-Do 9-17, Fr 9-15
form-setup-holidays = Feiertage, etwa DE-BY oder AT (leer: keine)
form-setup-absences = Abwesend, je Zeile: 24.12.2026-1.1.2027
form-setup-promise = Einrichten: Antwortzeit und Erinnerungen
form-setup-soft-hours = Antwortzeit: von so vielen Stunden
form-setup-hard-hours = Antwortzeit: bis zu so vielen Stunden
form-setup-reminder-hours = Erinnerung ans Team nach Supportstunden
form-setup-nudge-days = Nachfrage beim Kunden nach Tagen Stille
form-setup-close-days = Tage von der Nachfrage bis zum Schließen
there-clock = Rund um die Uhr
there-hours = Zu diesen Zeiten; die Antwortzeit läuft trotzdem rund um die Uhr
there-both = Zu diesen Zeiten; auch die Antwortzeit zählt nur sie
form-setup-mode = Einrichten: dieser Kanal
form-setup-mode-field = So verhält sich der Bot hier
form-edit = Ändern: { $title }
form-edit-ruling = Urteil
form-edit-clause = Der Satz der Richtlinie
form-edit-answer = Antwort: was der Bot dazu sagt
form-edit-phrases = { $shipped ->
    [0] Beispiele ({ $language }), je Zeile eines
   *[other] Weitere Beispiele je Zeile; „- …“ streicht
}
form-edit-look-alikes = Verwechsler, je Zeile „kategorie: …“
form-add = Ein neuer Teil der Richtlinie
form-add-title = Titel auf { $language }
form-rename = Neue Titel
form-document = Text der Richtlinie
form-document-text = Der ganze Text auf { $language }
form-import = Eine Richtlinie zurückbringen
form-import-file = Die Datei aus /policy export
form-apply = Anwenden
form-apply-why = Warum?
form-teach = Worum geht es hier?
form-teach-phrase = Als dieses Beispiel
form-correct = Worum geht es in diesem Ticket?
form-correct-category = Kategorie
mode-auto = auto: antwortet und öffnet Tickets
mode-ask = ask: antwortet, öffnet Tickets nur per Knopf
mode-quiet = quiet: nur Befehle
language-de = Deutsch
language-en = Englisch
address-sie = Sie
address-du = du

### Einrichtung

welcome-heading = Hallo, ich bin Wartemarke
welcome = Ich sage Kunden sofort, was die Support-Richtlinie abdeckt, gebe Nummern aus und bediene der Reihe nach: Wer zuerst kommt, mahlt zuerst.
welcome-setup = Die Moderation beginnt mit /setup. Danach zeigt und postet /policy die Richtlinie.
setup-kept = Gespeichert.
setup-heading = So ist dieser Server eingerichtet
setup-support = Support: { $channel } ({ $mode })
setup-agents = Support-Team: { $channel }, { $roles }
setup-sales = Vertrieb: { $channel }
setup-moderators = Moderation: { $roles }
setup-rules = Sprache: { $language }, Anrede: { $address }. Höchstens { $open } offene Tickets je Kunde, { $hourly } neue je Stunde.
setup-reopen = { $days ->
    [one] Ein geschlossenes Ticket geht einen Tag lang wieder auf, wenn der Kunde schreibt.
   *[other] Ein geschlossenes Ticket geht { $days } Tage lang wieder auf, wenn der Kunde schreibt.
}
setup-retention = { $days ->
    [one] Texte von Kunden bleiben einen Tag.
   *[other] Texte von Kunden bleiben { $days } Tage.
}
setup-hours-clock = Supportzeiten: rund um die Uhr
setup-hours = Supportzeiten: { $week } ({ $zone })
setup-holidays = Geschlossen an Feiertagen: { $holidays }
setup-absences = Abwesend: { $absences }{ $more ->
    [0] { "" }
    [one] {" "}und ein weiteres Mal
   *[other] {" "}und { $more } weitere Male
}
setup-promise = Erste Antwort: normalerweise in { $span }
setup-reminder = { $count ->
    [one] Wer ein Ticket übernimmt und eine Supportstunde lang nicht antwortet, wird erinnert; nach einer weiteren geht es zurück an seinen Platz.
   *[other] Wer ein Ticket übernimmt und { $count } Supportstunden lang nicht antwortet, wird erinnert; nach noch einmal so vielen geht es zurück an seinen Platz.
}
setup-nudge = { $days ->
    [one] Ist nach einer Antwort einen Tag lang Stille, wird der Kunde einmal gefragt, ob noch etwas offen ist.
   *[other] Ist nach einer Antwort { $days } Tage lang Stille, wird der Kunde einmal gefragt, ob noch etwas offen ist.
}
setup-close = { $days ->
    [one] Bleibt es danach einen Tag lang still, wird das Ticket geschlossen.
   *[other] Bleibt es danach { $days } Tage lang still, wird das Ticket geschlossen.
}
setup-dues-stay = Es bleibt bei dem, was für offene Tickets schon zugesagt ist und was Kunden oder dem Support-Team schon gesagt wurde.
setup-no-channel = kein Kanal
setup-no-roles = keine Rollen
setup-missing-support = Es fehlt: ein Support-Kanal. Ohne ihn wird niemand gehört.
setup-missing-agents = Es fehlt: eine Rolle für das Support-Team. Ohne sie kann niemand Tickets übernehmen.
setup-missing-agents-channel = Es fehlt: ein Kanal für das Support-Team. Ohne ihn sieht das Team die Schlange nicht und erfährt nicht, welche Tickets zu lange warten.
setup-missing-sales = Es fehlt: ein Vertriebskanal. Anfragen nach kostenpflichtigen Lösungen gehen in den Kanal des Support-Teams.
setup-policy-trouble = Die Dateien der Richtlinie wurden abgelehnt, die letzte gute Fassung gilt weiter: { $reason }

### Sperren

blocked = { $person } ist gesperrt: keine Antworten, keine Tickets.
already-blocked = { $person } war schon gesperrt.
unblocked = { $person } wird wieder gehört.
not-blocked = { $person } war nicht gesperrt.

### Nein sagen

refused-not-agent = Das ist nur für das Support-Team.
refused-not-moderator = Das ist nur für die Moderation.
refused-not-yours = Ticket #{ $number } ist bei { $agent }. Nur diese Person oder die Moderation kann es zurückgeben.
refused-not-your-ticket = Ticket #{ $number } [können Sie|kannst du] nicht schließen.
refused-not-your-claim = Ticket #{ $number } ist bei { $agent }. Nur diese Person, der Kunde oder die Moderation kann es schließen.
refused-not-your-answer = Dieser Knopf ist für die Person, die gefragt hat.
refused-already-yours = Ticket #{ $number } [haben Sie|hast du] schon.
refused-already-claimed = Ticket #{ $number } ist schon bei { $agent }.
refused-not-claimed = Ticket #{ $number } hat niemand übernommen.
refused-closed = Ticket #{ $number } ist geschlossen.
refused-already-open = Dafür gibt es schon ein Ticket: #{ $number }.
refused-deleted = Die Nachricht wurde gelöscht. Bitte noch einmal schreiben oder /ticket verwenden.
refused-no-such-ticket = Ein Ticket #{ $number } gibt es hier nicht.
refused-no-open-ticket = [Sie haben|Du hast] kein offenes Ticket.
refused-nothing-claimed = [Sie haben|Du hast] kein Ticket übernommen.
refused-which-ticket = Welches? Offen sind { $numbers }. [Verwenden Sie|Verwende] den Befehl im Thread des Tickets oder mit seiner Nummer.
refused-line-empty = Gerade wartet niemand.
refused-not-a-number = „{ $words }“ beginnt nicht mit einer Ticketnummer wie 12.
refused-reason-needed = { $ahead ->
    [one] Vor #{ $number } ist noch ein Ticket dran. Bitte einen Grund angeben: /claim { $number } der Grund
   *[other] Vor #{ $number } sind noch { $ahead } Tickets dran. Bitte einen Grund angeben: /claim { $number } der Grund
}
refused-too-many-open = { $limit ->
    [one] Es ist schon ein Ticket offen. Bitte [warten Sie, bis es erledigt ist, oder schließen Sie|warte, bis es erledigt ist, oder schließ] es mit /close.
   *[other] Es sind schon { $limit } Tickets offen. Bitte [warten Sie, bis eines erledigt ist, oder schließen Sie|warte, bis eines erledigt ist, oder schließ] eines mit /close.
}
refused-too-many-an-hour = { $limit ->
    [one] Bitte höchstens eine Anfrage in der Stunde. Etwas später geht es wieder.
   *[other] Bitte höchstens { $limit } Anfragen in der Stunde. Etwas später geht es wieder.
}
refused-too-many-questions = Das waren viele Fragen in einer Stunde. Etwas später geht es wieder; zu einem Menschen geht es mit /ticket.
refused-blocked = Die Moderation dieses Servers hat [Ihren|deinen] Zugang zum Support ausgesetzt.
refused-for-author = { $person } kann gerade kein weiteres Ticket bekommen: zu viele sind offen oder neu, oder der Zugang ist gesperrt.
refused-not-set-up = Der Support ist hier noch nicht eingerichtet. Die Moderation macht das mit /setup.
refused-no-support-channel = Das ist kein Support-Kanal. Die Support-Kanäle werden mit /setup gewählt.
refused-setup-words = Möglich sind /setup, /setup rules, /setup tickets, /setup hours, /setup promise, /setup mode und /setup show.
refused-week = „{ $words }“ verstehe ich nicht als Wochenstunden. Möglich ist zum Beispiel: Mo-Do 9-17, Fr 9-15
refused-zone = Die Zeitzone „{ $words }“ gibt es nicht. Ist { $nearest } gemeint?
refused-holidays = Zu „{ $words }“ kenne ich keine Feiertage. Möglich ist ein Land wie DE oder AT, auch mit Region wie DE-BY.
refused-region = Die Region „{ $words }“ gibt es bei { $country } nicht. Es gibt: { $known }
refused-absence = „{ $words }“ verstehe ich nicht als Abwesenheit. Möglich ist je Zeile ein Tag oder eine Spanne: 24.12.2026-1.1.2027
refused-absence-span = Bei „{ $words }“ darf der letzte Tag nicht vor dem ersten liegen und nicht mehr als ein Jahr danach.
refused-too-many-absences = Mehr als { $most } Abwesenheiten kann ich mir nicht merken.
refused-promise-order = Die Antwortzeit muss mit weniger Stunden anfangen, als sie endet.
refused-choice = Bitte bei „{ $field }“ eine der angebotenen Möglichkeiten wählen.
refused-limit = Bei „{ $field }“ sind ganze Zahlen von 1 bis { $most } möglich.
refused-field-missing = Bitte „{ $field }“ ausfüllen.
refused-empty = Bitte ein paar Worte schreiben.
refused-no-person = „{ $words }“ ist keine Person. Bitte jemanden erwähnen oder die Kennung angeben.
refused-block-self = Sich selbst zu sperren geht nicht.
refused-no-such-command = Den Befehl /{ $name } gibt es nicht.
refused-no-such-section = Die Richtlinie hat keinen Abschnitt „{ $words }“. Es gibt: { $sections }.
refused-old-button = Dieser Knopf ist veraltet. Es ist nichts passiert; bitte die neueste Nachricht oder einen Befehl verwenden.
refused-no-draft = Diese Änderung ist schon angewendet oder verworfen. /policy history zeigt, was gilt.
refused-overtaken = { $name } hat inzwischen denselben Teil geändert (Version { $number }). Bitte [verwerfen Sie|verwirf] diesen Entwurf und [fangen Sie|fang] neu an.
refused-draft-lacks = Noch nicht: { $what }
refused-no-such-version = Diese Version gibt es nicht. Möglich ist /policy undo mit einer Zahl von 1 bis { $newest }.
refused-no-such-category = Einen Teil „{ $words }“ hat die Richtlinie nicht. Es gibt: { $known }.
refused-which-category = Welcher Teil? Bitte den Namen dazu. Es gibt: { $known }
refused-nothing-off = Es ist nichts abgeschaltet.
refused-too-long-for-form = Das ist zu lang für ein Formular. Bitte [nehmen Sie|nimm] /policy export und /policy import.
refused-not-shipped = „{ $phrase }“ lässt sich nicht streichen, denn damit ist der Bot nicht gekommen. Am ähnlichsten ist: „{ $nearest }“
refused-look-alike = „{ $words }“ hat nicht die Form „kategorie: Beispiel“.
refused-too-many-categories = Eine Richtlinie kann höchstens { $most } Kategorien haben.
refused-too-many-phrases = Eine Richtlinie kann höchstens { $most } Beispiele haben.
refused-no-category = Eine Richtlinie braucht mindestens eine Kategorie, die an ist.
refused-too-long = „{ $title }“ ({ $language }): Titel, Satz oder Antwort ist zu lang; hier höchstens { $most } Zeichen.
refused-no-title = „{ $title }“ hat keinen Titel auf { $language }.
refused-no-clause = „{ $title }“ braucht auf { $language } einen Satz der Richtlinie, der zitiert wird.
refused-no-answer = „{ $title }“ braucht eine Antwort auf { $language }.
refused-brackets = „{ $title }“ ({ $language }): eckige Klammern und senkrechte Striche bitte nur, um wie in den mitgelieferten Texten Sie und du zu trennen, geschweifte nur als { $placeholder } für die Antwortzeit. Im Titel bitte keine.
refused-too-few-phrases = „{ $title }“ braucht auf { $language } mindestens { $fewest } Beispiele.
refused-long-phrase = „{ $title }“ ({ $language }): Ein Beispiel hat höchstens { $most } Zeichen, dieses ist länger: „{ $phrase }“
refused-large-file = Die Datei ist zu groß: höchstens { $most } Zeichen.
refused-import = { $file }, Zeile { $line }: { $reason }
refused-nothing-new = Das ändert nichts.
refused-nothing-to-test = Bitte [schreiben Sie|schreib] einen Satz dazu: /policy test die Galerie stürzt ab
refused-fairness-words = Bitte so: /fairness, dazu week, month, year oder all, und auf Wunsch csv oder picture
refused-nothing-on-record = Für diesen Zeitraum ist noch nichts verzeichnet.
refused-which-to-correct = Welches Ticket? /correct geht in seinem Thread oder mit seiner Nummer.
something-broke = Bei uns ist etwas schiefgegangen, geändert wurde nichts. Bitte noch einmal versuchen; falls es wieder passiert, hilft dem Team diese Kennung: { $reference }
something-unsure = Bei uns ist etwas schiefgegangen, und wir wissen nicht, ob es noch geklappt hat. Bitte erst nachsehen und es sonst noch einmal versuchen; falls es wieder passiert, hilft dem Team diese Kennung: { $reference }

### Befehle

command-covered = Ist das vom Support abgedeckt? Die Antwort ist nicht öffentlich.
usage-covered = Frage
command-ticket = Ein Ticket öffnen und eine Nummer ziehen
usage-ticket = worum es geht
command-private = Ein Ticket öffnen, das nur unser Team mitliest
usage-private = worum es geht
command-place = Platz in der Warteschlange, und wann mit Antwort zu rechnen ist
usage-place = { "" }
command-close = Das Ticket schließen
usage-close = Schlussworte
command-policy = Die Richtlinie lesen; die Moderation postet und ändert sie
usage-policy = post, edit, add, rename, off, on, test, review, history, undo, export, import, Abschnitt, Sprache, Frage
command-correct = Sagen, worum es in einem Ticket wirklich geht
usage-correct = Nummer
command-claim = Das nächste Ticket übernehmen, oder mit Grund ein anderes
usage-claim = Nummer Grund
command-release = Ein Ticket auf seinen alten Platz zurückgeben
usage-release = Nummer
command-mine = Die eigenen Tickets zeigen, und wer dort wartet
usage-mine = { "" }
command-behind = Zeigen, wer zu lange wartet
usage-behind = { "" }
command-queue = Die Warteschlange zeigen
usage-queue = { "" }
command-fairness = Zeigen, ob es der Reihe nach ging und Zusagen eingehalten wurden
usage-fairness = week, month, year, all, csv, picture
command-setup = Kanäle, Rollen, Sprache, Zeiten, Modus und Grenzen einrichten
usage-setup = rules, tickets, hours, promise, mode, show
command-panel = In diesem Kanal eine Nachricht mit Knöpfen für Kunden veröffentlichen
usage-panel = { "" }
command-block = Einem Kunden nicht mehr antworten
usage-block = Person
command-unblock = Einem gesperrten Kunden wieder antworten
usage-unblock = Person

### Discord

please-again = Das hat zu lange gedauert. Bitte noch einmal drücken oder eingeben.

name-covered = abgedeckt
name-ticket = ticket
name-place = platz
name-close = schließen
name-policy = richtlinie
name-claim = übernehmen
name-release = zurückgeben
name-correct = berichtigen
name-queue = warteschlange
name-mine = meine
name-behind = überfällig
name-fairness = fairness
name-setup = einrichten
name-panel = panel
name-block = sperren
name-unblock = entsperren
menu-covered = Ist das abgedeckt?
menu-ticket = Daraus ein Ticket öffnen
menu-private = Privates Ticket öffnen
option-question = frage
option-text = text
option-private = privat
option-number = nummer
option-words = schlussworte
option-action = aktion
option-language = sprache
option-reason = grund
option-part = teil
option-mode = modus
option-period = zeitraum
option-form = form
option-person = person
hint-covered-question = Worum es geht; ohne Frage öffnet sich ein Formular
hint-ticket-text = Worum es geht; ohne Text öffnet sich ein Formular
hint-ticket-private = Nur das Support-Team soll mitlesen
hint-close-number = Nummer des Tickets; im Thread des Tickets nicht nötig
hint-close-words = Was zum Schluss im Thread stehen soll
hint-policy-action = Was mit der Richtlinie geschehen soll; ohne Auswahl wird sie gezeigt
hint-policy-text = Abschnitt oder Kategorie; beim Ausprobieren ein Satz, beim Rückgängigmachen eine Version
hint-policy-language = Zum Lesen, Posten und Bearbeiten
hint-claim-number = Nummer des Tickets; ohne Nummer das nächste in der Warteschlange
hint-claim-reason = Warum dieses Ticket nicht warten kann, bis es an der Reihe ist
hint-release-number = Nummer des Tickets; im Thread des Tickets nicht nötig
hint-correct-number = Nummer des Tickets; im Thread des Tickets nicht nötig
hint-fairness-period = Wie weit zurückgeschaut wird
hint-fairness-form = Als Tabelle oder als Bild; ohne Auswahl in Worten
hint-setup-part = Was einzurichten ist; ohne Auswahl Kanäle und Rollen
hint-setup-mode = Wie der Bot sich in diesem Kanal verhält
hint-block-person = Wem nicht mehr geantwortet wird
hint-unblock-person = Wem wieder geantwortet wird
choice-action-post = post: hier posten
choice-action-edit = edit: eine Kategorie oder den Text bearbeiten
choice-action-add = add: eine Kategorie hinzufügen
choice-action-rename = rename: eine Kategorie umbenennen
choice-action-off = off: eine Kategorie ausschalten
choice-action-on = on: eine Kategorie wieder einschalten
choice-action-import = import: aus einer Datei laden
choice-action-export = export: als Datei speichern
choice-action-history = history: frühere Versionen zeigen
choice-action-undo = undo: eine Version rückgängig machen
choice-action-test = test: einen Satz ausprobieren
choice-action-review = review: durchsehen, wo der Bot falsch lag
choice-language-both = Deutsch und Englisch
choice-part-rules = rules: Sprache, Anrede und Aufbewahrung
choice-part-tickets = tickets: Grenzen für Tickets
choice-part-hours = hours: Supportzeiten, Feiertage und Abwesenheiten
choice-part-promise = promise: Antwortzeit und Erinnerungen
choice-part-mode = mode: Verhalten in diesem Kanal
choice-part-show = show: zeigen, was eingestellt ist
choice-period-week = eine Woche
choice-period-month = ein Monat
choice-period-year = ein Jahr
choice-period-all = alles
choice-form-csv = Tabelle (CSV)
choice-form-picture = Bild
permission-view-channel = Kanäle ansehen
permission-send-messages = Nachrichten senden
permission-create-public-threads = Öffentliche Threads erstellen
permission-create-private-threads = Private Threads erstellen
permission-send-messages-in-threads = Nachrichten in Threads senden
permission-manage-threads = Threads verwalten
permission-read-message-history = Nachrichtenverlauf anzeigen
permission-attach-files = Dateien anhängen
permission-mention-everyone = everyone, here und alle Rollen erwähnen
permission-manage-guild = Server verwalten
lacks-message-content = Der Bot bekommt nicht zu lesen, was in den Kanälen geschrieben wird: Im Developer Portal ist „Message Content Intent“ nicht eingeschaltet. Befehle, Knöpfe, Erwähnungen des Bots und das Menü an einer Nachricht gehen trotzdem.
lacks-channel = { $channel } gibt es nicht mehr. Bitte mit /setup einen anderen Kanal wählen.
lacks-text-channel = { $channel } ist kein Textkanal. Bitte mit /setup einen anderen Kanal wählen.
lacks-permission = In { $channel } fehlt dem Bot das Recht „{ $permission }“.
lacks-customers-write = In { $channel } hat die Rolle everyone das Recht „{ $permission }“ nicht: Kunden können in ihren Tickets nicht schreiben.
lacks-agents-view = In { $channel } hat die Rolle { $roles } das Recht „{ $permission }“ nicht: Wer im Support-Team nur diese Rolle hat, sieht dort keine Tickets.
lacks-agents-manage = In { $channel } hat die Rolle { $roles } das Recht „{ $permission }“ nicht: Das Support-Team sieht private Tickets dort erst, wenn es sie übernommen hat, und findet seine Befehle nicht im Menü.
lacks-agents-commands = In { $channel } fehlt { $roles } das Recht „{ $permission }“: Das Support-Team findet seine Befehle dort nicht im Menü.
lacks-agents-call = In { $channel } kann der Bot { $roles } nicht benachrichtigen, wenn ein Kunde zu lange wartet: Bitte in den Servereinstellungen allen erlauben, diese Rolle zu erwähnen, oder dem Bot dort das Recht „{ $permission }“ geben.
lacks-moderators-manage = { $roles } fehlt das Recht „{ $permission }“: Wer in der Moderation nur so eine Rolle hat, findet die Befehle der Moderation nicht im Menü, außer die Servereinstellungen erlauben sie unter „Integrationen“.
lacks-privacy = In { $channel } wird zitiert, was Kunden schreiben, und alle auf dem Server sehen es: Dort hat die Rolle everyone das Recht „{ $permission }“.
lacks-agent-roles = { $count ->
    [one] Eine Rolle des Support-Teams gibt es nicht mehr. Bitte mit /setup neu wählen.
   *[other] { $count } Rollen des Support-Teams gibt es nicht mehr. Bitte mit /setup neu wählen.
}
lacks-moderator-roles = { $count ->
    [one] Eine Rolle der Moderation gibt es nicht mehr. Bitte mit /setup neu wählen.
   *[other] { $count } Rollen der Moderation gibt es nicht mehr. Bitte mit /setup neu wählen.
}

### Slack: Links und Fenster

link-thread = zum Thread
link-direct = Direktnachricht
modal-send = Absenden
modal-cancel = Abbrechen
modal-close = Schließen
modal-wait = Einen Moment, bitte …
modal-done = Das ist schon erledigt.

### Slack: die App und ihre Installation

app-description = Sagt Kunden sofort, was der Support abdeckt, vergibt Nummern und bedient der Reihe nach.
menu-claim = Dieses Ticket übernehmen
menu-claim-about = Das Ticket übernehmen, zu dem diese Nachricht gehört
install-title = { $app } für Slack
install-words = Wer in den Support-Kanälen fragt, liest sofort, was die Support-Richtlinie abdeckt. Wer einen Menschen braucht, bekommt eine Nummer, und alle kommen in der Reihenfolge dran, in der sie gefragt haben.
install-button = Zu Slack hinzufügen
install-done = Der Bot ist jetzt im Workspace. Eine Nachricht von ihm in Slack erklärt, wie er eingerichtet wird.
install-cancelled = Es wurde nichts installiert: In Slack wurde abgebrochen.
install-expired = Das wurde nicht in diesem Browser innerhalb der letzten zehn Minuten begonnen. Bitte noch einmal beginnen.
install-failed = Etwas ging schief, und es wurde nichts installiert. Bitte noch einmal beginnen; wenn es wieder geschieht, hilft dem Team diese Kennung: { $reference }
install-again = Noch einmal beginnen

### Slack: Antworten

file-in-direct-message = Die Datei liegt in [Ihren|deinen] Direktnachrichten mit dem Bot.
file-not-sent = Die Datei lässt sich gerade nicht senden.
not-installed = Der Bot ist in diesem Workspace nicht mehr installiert. Wer den Workspace verwaltet, kann ihn wieder hinzufügen.
needs-form = Dafür ist ein Formular nötig, das sich hier nicht öffnen lässt. Bitte den Befehl oder einen Knopf benutzen.
lacks-membership = In { $channel } ist der Bot nicht, oder den Kanal gibt es nicht mehr. Bitte den Bot dort einladen: /invite
lacks-private-channel = In { $channel } wird zitiert, was Kunden schreiben, und alle im Workspace können es lesen. Bitte den Kanal privat machen.
