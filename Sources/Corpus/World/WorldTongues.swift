// The sentences and words of other languages: see WorldTongue.swift for the form.

extension WorldTongue {
  static let all = [spanish, german, french, italian]

  private static let spanish = WorldTongue(
    code: "es", name: "Spanish",
    """
    people.trade: {name} trabaja de {value}. / De oficio, {name} es {value}. = panadero, piloto, pintor, abogado, granjero, médico, cantante, sastre, químico, marinero, albañil, impresor
    people.home: {name} vive en {value}. / La casa de {name} está en {value}.
    people.instrument: {name} toca {value}. / El instrumento de {name} es {value}. = el violín, la flauta, el tambor, el arpa, el piano, la trompeta, el violonchelo, la guitarra, el banjo, la trompa
    people.birthday: {name} nació en {value}. / El cumpleaños de {name} es en {value}. = enero, febrero, marzo, abril, mayo, junio, julio, agosto, septiembre, octubre, noviembre, diciembre
    people.pet: {name} tiene {value}. / La mascota de {name} es {value}. = un perro, un gato, un loro, un caballo, un conejo, una cabra, un hurón, un lagarto, un canario, un burro
    places.product: {name} exporta {value}. / De {name} se vende {value}. = lana, sal, cobre, vino, vidrio, papel, seda, madera, miel, estaño
    places.river: {name} está junto al río {value}. / El río {value} pasa por {name}.
    places.landmark: {name} es famosa por {value}. / En {name} se visita {value}. = el puente, la torre, el faro, el castillo, la fuente, el mercado, la biblioteca, el molino, el puerto, la catedral
    places.weather: El tiempo en {name} es {value}. / En {name} el clima es {value}. = brumoso, seco, ventoso, templado, nevado, tormentoso, soleado, húmedo
    places.founder: {name} fue fundada por {value}. / La fundación de {name} se debe a {value}.
    works.author: {value} escribió {name}. / El libro {name} fue escrito por {value}.
    works.form: {name} es {value}. / La forma de {name} es la de {value}. = una novela, un poema, un drama, una balada, una comedia, una fábula, un soneto, una saga, un diario, una sátira
    works.theme: {name} trata sobre {value}. / El tema de {name} es {value}. = el amor, la guerra, la codicia, la esperanza, el exilio, la envidia, el dolor, el orgullo, el honor, la libertad
    works.setting: {name} se desarrolla en {value}. / La historia de {name} lleva a {value}.
    works.language: {name} fue escrito en {value}. / La lengua de {name} es {value}. = latín, griego, holandés, polaco, finés, galés, turco, hindi, suajili, coreano
    """)

  private static let german = WorldTongue(
    code: "de", name: "German",
    """
    people.trade: {name} arbeitet als {value}. / Von Beruf ist {name} {value}. = Bäcker, Pilot, Maler, Anwalt, Bauer, Arzt, Sänger, Schneider, Chemiker, Seemann, Maurer, Drucker
    people.home: {name} wohnt in {value}. / Das Haus von {name} steht in {value}.
    people.instrument: {name} spielt {value}. / Am liebsten spielt {name} {value}. = Geige, Flöte, Trommel, Harfe, Klavier, Trompete, Cello, Gitarre, Banjo, Horn
    people.birthday: {name} wurde im {value} geboren. / Der Geburtstag von {name} ist im {value}. = Januar, Februar, März, April, Mai, Juni, Juli, August, September, Oktober, November, Dezember
    people.pet: {name} hält {value}. / Bei {name} lebt als Haustier {value}. = einen Hund, eine Katze, einen Papagei, ein Pferd, ein Kaninchen, eine Ziege, ein Frettchen, eine Eidechse, einen Kanarienvogel, einen Esel
    places.product: {name} verkauft {value}. / Aus {name} kommt {value}. = Wolle, Salz, Kupfer, Wein, Glas, Papier, Seide, Holz, Honig, Zinn
    places.river: {name} liegt am Fluss {value}. / Der Fluss {value} fließt durch {name}.
    places.landmark: {name} ist berühmt für {value}. / In {name} besucht man {value}. = die Brücke, den Turm, den Leuchtturm, das Schloss, den Brunnen, den Markt, die Bibliothek, die Windmühle, den Hafen, den Dom
    places.weather: Das Wetter in {name} ist {value}. / In {name} ist es meist {value}. = neblig, trocken, windig, mild, verschneit, stürmisch, sonnig, schwül
    places.founder: {name} wurde von {value} gegründet. / Gegründet hat {name} einst {value}.
    works.author: {value} schrieb {name}. / Das Buch {name} stammt von {value}.
    works.form: {name} ist {value}. / Der Form nach ist {name} {value}. = ein Roman, ein Gedicht, ein Drama, eine Ballade, eine Komödie, eine Fabel, ein Sonett, eine Sage, ein Tagebuch, eine Satire
    works.theme: {name} handelt von {value}. / In {name} geht es um {value}. = Liebe, Krieg, Gier, Hoffnung, Exil, Neid, Trauer, Stolz, Ehre, Freiheit
    works.setting: {name} spielt in {value}. / Die Geschichte von {name} führt nach {value}.
    works.language: {name} wurde auf {value} geschrieben. / Die Sprache von {name} ist {value}. = Latein, Griechisch, Niederländisch, Polnisch, Finnisch, Walisisch, Türkisch, Hindi, Suaheli, Koreanisch
    """)

  private static let french = WorldTongue(
    code: "fr", name: "French",
    """
    people.trade: {name} travaille comme {value}. / De son métier, {name} est {value}. = boulanger, pilote, peintre, avocat, fermier, médecin, chanteur, tailleur, chimiste, marin, maçon, imprimeur
    people.home: {name} habite à {value}. / La maison de {name} est à {value}.
    people.instrument: {name} joue {value}. / Chaque jour, {name} joue {value}. = du violon, de la flûte, du tambour, de la harpe, du piano, de la trompette, du violoncelle, de la guitare, du banjo, du cor
    people.birthday: {name} est né en {value}. / La fête de {name} est en {value}. = janvier, février, mars, avril, mai, juin, juillet, août, septembre, octobre, novembre, décembre
    people.pet: {name} possède {value}. / Chez {name} vit {value}. = un chien, un chat, un perroquet, un cheval, un lapin, une chèvre, un furet, un lézard, un canari, un âne
    places.product: {name} exporte {value}. / On achète à {name} {value}. = de la laine, du sel, du cuivre, du vin, du verre, du papier, de la soie, du bois, du miel, de l'étain
    places.river: {name} se trouve sur la rivière {value}. / La rivière {value} traverse {name}.
    places.landmark: {name} est célèbre pour {value}. / À {name}, on visite {value}. = son pont, sa tour, son phare, son château, sa fontaine, son marché, sa bibliothèque, son moulin, son port, sa cathédrale
    places.weather: Le temps à {name} est {value}. / À {name}, il fait un temps {value}. = brumeux, sec, venteux, doux, neigeux, orageux, ensoleillé, humide
    places.founder: {name} fut fondée par {value}. / La fondation de {name} est due à {value}.
    works.author: {value} a écrit {name}. / Le livre {name} est de {value}.
    works.form: {name} est {value}. / Par sa forme, {name} est {value}. = un roman, un poème, un drame, une ballade, une comédie, une fable, un sonnet, une saga, un journal, une satire
    works.theme: {name} parle {value}. / Au fond, {name} parle {value}. = de l'amour, de la guerre, de l'avidité, de l'espoir, de l'exil, de l'envie, du chagrin, de la fierté, de l'honneur, de la liberté
    works.setting: {name} se passe à {value}. / L'histoire de {name} mène à {value}.
    works.language: {name} fut écrit en {value}. / La langue de {name} est le {value}. = latin, grec, néerlandais, polonais, finnois, gallois, turc, hindi, swahili, coréen
    """)

  private static let italian = WorldTongue(
    code: "it", name: "Italian",
    """
    people.trade: {name} lavora come {value}. / Di mestiere, {name} fa il lavoro di {value}. = fornaio, pilota, pittore, avvocato, contadino, medico, cantante, sarto, chimico, marinaio, muratore, tipografo
    people.home: {name} abita a {value}. / La casa di {name} è a {value}.
    people.instrument: {name} suona {value}. / Lo strumento di {name} è {value}. = il violino, il flauto, il tamburo, l'arpa, il pianoforte, la tromba, il violoncello, la chitarra, il banjo, il corno
    people.birthday: {name} è nato in {value}. / Il compleanno di {name} è in {value}. = gennaio, febbraio, marzo, aprile, maggio, giugno, luglio, agosto, settembre, ottobre, novembre, dicembre
    people.pet: {name} possiede {value}. / Con {name} vive {value}. = un cane, un gatto, un pappagallo, un cavallo, un coniglio, una capra, un furetto, una lucertola, un canarino, un asino
    places.product: {name} esporta {value}. / Da {name} arriva {value}. = lana, sale, rame, vino, vetro, carta, seta, legname, miele, stagno
    places.river: {name} si trova sul fiume {value}. / Il fiume {value} attraversa {name}.
    places.landmark: {name} è famosa per {value}. / A {name} si visita {value}. = il ponte, la torre, il faro, il castello, la fontana, il mercato, la biblioteca, il mulino, il porto, la cattedrale
    places.weather: Il tempo a {name} è {value}. / A {name} il clima è {value}. = nebbioso, secco, ventoso, mite, nevoso, tempestoso, soleggiato, umido
    places.founder: {name} fu fondata da {value}. / La fondazione di {name} si deve a {value}.
    works.author: {value} ha scritto {name}. / Il libro {name} è di {value}.
    works.form: {name} è {value}. / Per la forma, {name} è {value}. = un romanzo, una poesia, un dramma, una ballata, una commedia, una favola, un sonetto, una saga, un diario, una satira
    works.theme: {name} parla {value}. / In fondo, {name} parla {value}. = dell'amore, della guerra, dell'avidità, della speranza, dell'esilio, dell'invidia, del dolore, dell'orgoglio, dell'onore, della libertà
    works.setting: {name} si svolge a {value}. / La storia di {name} porta a {value}.
    works.language: {name} fu scritto in {value}. / La lingua di {name} è il {value}. = latino, greco, olandese, polacco, finlandese, gallese, turco, hindi, swahili, coreano
    """)
}
